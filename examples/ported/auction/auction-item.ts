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

/** A positive number as Java writes a `double`: `100.0`, and `1.0E7` from ten millions on. */
export function formatDouble(value: number): string {
  if (value < 1e7) return withPoint(String(value));
  const [digits = '', exponent] = value.toExponential().split('e');
  return `${withPoint(digits)}E${Number(exponent)}`;
}

function withPoint(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`;
}
