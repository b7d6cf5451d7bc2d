import { DecodeException, OnError, OnMessage, Server, ServerEndpoint, Session } from 'serval';
import { main } from '../main';
import { Order, OrderDecoder, Receipt, ReceiptEncoder } from './orders';

const CENTS = new Map([
  ['tea', 250],
  ['cake', 420],
]);

@ServerEndpoint('/orders', { decoders: [OrderDecoder], encoders: [ReceiptEncoder] })
export class Till {
  private totalCents = 0;

  /** The decoder converts the text to an object; the encoder converts the receipt to a text. */
  @OnMessage
  order(order: Order): Receipt {
    const cents = CENTS.get(order.article);
    if (cents === undefined) throw new Error(`There is no ${order.article}.`);
    this.totalCents += cents * order.quantity;
    return new Receipt(order, this.totalCents);
  }

  /** Errors of the decoder and of `order` arrive here; the session stays open. */
  @OnError
  failed(session: Session, error: Error): void {
    const kind = error instanceof DecodeException ? 'not an order' : 'not sold';
    session.send(JSON.stringify({ error: kind, why: error.message }));
  }
}

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Till] }).start();
}

if (require.main === module) void main(start, 'ws://localhost/orders');
