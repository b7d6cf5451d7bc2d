import { formatDouble } from '../java-numbers';

const SEPARATOR = ':';

/** The item for sale. Messages split at colons and hyphens: no colon in name and description, no hyphen in the name. */
export class AuctionItem {
  constructor(
    readonly name: string,
    readonly description: string,
    /** The highest bid; initially the price to outbid. */
    public price: number,
    /** The number of seconds after a bid in which another bid is possible. */
    readonly bidTimeoutS: number,
  ) {}

  /** `Lamp:A lamp of brass:100.0:0:20 seconds` */
  toString(): string {
    return [this.name, this.description, formatDouble(this.price), '0', `${this.bidTimeoutS} seconds`].join(SEPARATOR);
  }
}
