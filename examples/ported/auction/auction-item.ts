import { formatDouble } from '../java-numbers';

const SEPARATOR = ':';

/** What is sold. Neither name nor description may hold a colon, nor the name a hyphen: messages are split there. */
export class AuctionItem {
  constructor(
    readonly name: string,
    readonly description: string,
    /** What was offered most; at first, what must be outbid. */
    public price: number,
    /** For so many seconds after a bid another one can be made. */
    readonly bidTimeoutS: number,
  ) {}

  /** `Lamp:A lamp of brass:100.0:0:20 seconds` */
  toString(): string {
    return [this.name, this.description, formatDouble(this.price), '0', `${this.bidTimeoutS} seconds`].join(SEPARATOR);
  }
}
