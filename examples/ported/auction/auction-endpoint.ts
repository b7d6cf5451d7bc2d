import { OnClose, OnMessage, ServerEndpoint, Session } from 'serval';
import { Auction } from './auction';
import { AuctionItem } from './auction-item';
import { AuctionMessage } from './auction-message';
import { AuctionMessageDecoder, AuctionMessageEncoder } from './auction-message-codecs';

/** Runs three auctions, for all sessions. */
@ServerEndpoint('/auction', { decoders: [AuctionMessageDecoder], encoders: [AuctionMessageEncoder] })
export class AuctionEndpoint {
  static readonly auctions: ReadonlySet<Auction> = new Set([
    new Auction(new AuctionItem('Lamp', 'A desk lamp of brass, with a green shade', 100, 20)),
    new Auction(new AuctionItem('Globe', 'A globe of 1950, on a stand of oak', 200, 20)),
    new Auction(new AuctionItem('Clock', 'A clock for the wall, still going', 300, 20)),
  ]);

  @OnClose
  handleClosedConnection(session: Session): void {
    for (const auction of AuctionEndpoint.auctions) auction.removeArc(session);
  }

  @OnMessage
  async handleMessage(message: AuctionMessage, session: Session): Promise<void> {
    const auction = [...AuctionEndpoint.auctions].find(({ id }) => id === message.communicationId);
    switch (message.type) {
      case 'xreq':
        await session.getBasicRemote().sendObject(AuctionMessage.auctionList(AuctionEndpoint.auctions));
        break;
      case 'lreq':
        auction?.handleLoginRequest(message, session);
        break;
      case 'breq':
        auction?.handleBidRequest(message, session);
        break;
      case 'dreq':
        this.handleClosedConnection(session);
        break;
      default: // The decoder accepts nothing else.
    }
  }
}
