import { OnError, OnMessage, OnOpen, PathParam, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';

const PRICES = new Map([
  ['ACME', 41.5],
  ['SERVAL', 7.125],
]);

/** `/quote/ACME/2`: prices of ACME, with two decimals. */
@ServerEndpoint('/quote/{symbol}/{decimals}')
export class Quotes {
  private price: number | undefined;

  /** The container percent-decodes the values and converts them to the parameters' types. */
  @OnOpen
  open(@PathParam('symbol') symbol: string, @PathParam('decimals') decimals: number): void {
    if (!(decimals >= 0 && decimals <= 6)) throw new RangeError(`decimals is a number from 0 to 6; found ${decimals}.`);
    this.price = PRICES.get(symbol);
    if (this.price === undefined) throw new Error(`There is no share called ${symbol}.`);
  }

  /** The message is a number as well; any method may declare path parameters. */
  @OnMessage
  quote(quantity: number, @PathParam('symbol') symbol: string, @PathParam('decimals') decimals: number): string {
    return `${quantity} ${symbol} = ${((this.price ?? 0) * quantity).toFixed(decimals)}`;
  }

  /** Answers invalid messages and invalid paths; an invalid path also closes the session. */
  @OnError
  failed(session: Session, error: Error): void {
    session.send(`error: ${error.message}`);
    // A close frame's reason has room for only 123 bytes, so a message with the explanation goes first.
    if (this.price === undefined) session.close(4400, 'bad path');
  }
}

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Quotes] }).start();
}

if (require.main === module) void main(start, 'ws://localhost/quote/ACME/2');
