import { OnMessage, OnOpen, PathParam, ServerEndpoint, Session } from 'serval';

const PRICES: Readonly<Record<string, readonly number[]>> = {
  tea: [2.5, 2.55, 2.4],
  coffee: [3.1, 3.05, 3.2],
};

/** `/prices/tea`: the first price at once, and the next one for each `next`. Closes with 1000 after the last one. */
@ServerEndpoint({ value: '/prices/{article}', subprotocols: ['prices.v1'] })
export class Prices {
  private left: number[] = [];

  @OnOpen
  open(session: Session, @PathParam('article') article: string): void {
    this.left = [...(PRICES[article] ?? [])];
    this.next('next', session);
  }

  @OnMessage
  next(_wish: string, session: Session): void {
    const price = this.left.shift();
    if (price === undefined) session.close();
    else session.send(String(price));
  }
}
