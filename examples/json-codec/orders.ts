import { DecodeException, Decoder, Encoder } from 'serval';

/** A customer's message: `{"article":"tea","quantity":2}`. */
export class Order {
  constructor(
    readonly article: string,
    readonly quantity: number,
  ) {}
}

/** The answer to the customer. */
export class Receipt {
  constructor(
    readonly order: Order,
    /** Sum of all orders of the session, in cents. */
    readonly totalCents: number,
  ) {}
}

export class OrderDecoder implements Decoder.Text<Order> {
  static readonly decodes = Decoder.text(Order);

  /** Declines other texts. The next decoder would get them; here there is none, which is an error too. */
  willDecode(json: string): boolean {
    return json.startsWith('{');
  }

  decode(json: string): Order {
    const { article, quantity } = parse(json);
    if (typeof article !== 'string' || typeof quantity !== 'number') {
      throw new DecodeException(json, 'An order has an article and a quantity.');
    }
    return new Order(article, quantity);
  }
}

export class ReceiptEncoder implements Encoder.Text<Receipt> {
  static readonly encodes = Encoder.text(Receipt);

  encode({ order, totalCents }: Receipt): string {
    return JSON.stringify({ ...order, total: (totalCents / 100).toFixed(2) });
  }
}

function parse(json: string): Record<string, unknown> {
  try {
    // It starts with a brace, so it is an object; the caller checks the values.
    return JSON.parse(json) as Record<string, unknown>;
  } catch (cause) {
    throw new DecodeException(json, 'An order is a JSON object.', cause);
  }
}
