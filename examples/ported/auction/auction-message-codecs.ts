import { DecodeException, Decoder, Encoder } from 'serval';
import { AuctionMessage, isRequestType } from './auction-message';

/** Accepts only requests. */
export class AuctionMessageDecoder implements Decoder.Text<AuctionMessage> {
  static readonly decodes = Decoder.text(AuctionMessage);

  decode(text: string): AuctionMessage {
    const [type = '', communicationId, data] = text.split(':');
    if (!isRequestType(type) || communicationId === undefined || data === undefined) {
      throw new DecodeException(
        text,
        'A request is lreq, breq, dreq or xreq, an auction and data, as in "breq:0:120".',
      );
    }
    return new AuctionMessage(type, communicationId, data);
  }
}

export class AuctionMessageEncoder implements Encoder.Text<AuctionMessage> {
  static readonly encodes = Encoder.text(AuctionMessage);

  encode(message: AuctionMessage): string {
    return message.toString();
  }
}
