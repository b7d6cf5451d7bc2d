import { formatDouble } from '../java-numbers';
import type { AuctionItem } from './auction-item';

const REQUESTS = ['lreq', 'breq', 'dreq', 'xreq'] as const;

/** To log in, to bid, to log out, and to ask for the list of auctions. */
export type RequestType = (typeof REQUESTS)[number];
/** The answer to a login, a new price, the remaining time, the result, and the list of auctions. */
export type ResponseType = 'lres' | 'pres' | 'ares' | 'rres' | 'xres';

/** `type:communicationId:data`, both ways. */
export class AuctionMessage {
  constructor(
    readonly type: RequestType | ResponseType,
    /** Which auction. */
    readonly communicationId: string,
    readonly data: string,
  ) {}

  static loginResponse(id: string, item: AuctionItem): AuctionMessage {
    return new AuctionMessage('lres', id, item.toString());
  }

  static priceUpdate(id: string, price: number): AuctionMessage {
    return new AuctionMessage('pres', id, formatDouble(price));
  }

  static timeBroadcast(id: string, seconds: number): AuctionMessage {
    return new AuctionMessage('ares', id, String(seconds));
  }

  static result(id: string, text: string): AuctionMessage {
    return new AuctionMessage('rres', id, text);
  }

  /** `-0-Lamp-1-Globe-` */
  static auctionList(auctions: Iterable<{ readonly id: string; readonly item: AuctionItem }>): AuctionMessage {
    const entries = [...auctions].map(({ id, item }) => `${id}-${item.name}-`);
    return new AuctionMessage('xres', '0', `-${entries.join('')}`);
  }

  toString(): string {
    return `${this.type}:${this.communicationId}:${this.data}`;
  }
}

export function isRequestType(type: string): type is RequestType {
  return REQUESTS.some((request) => request === type);
}
