import { DecodeException, Decoder, Encoder } from 'serval';

/** What a customer sends: `{"article":"tea","quantity":2}`. */
export class Order {
  constructor(
    readonly article: string,
    readonly quantity: number,
  ) {}
}

/** What the customer gets back. */
export class Receipt {
  constructor(
    readonly order: Order,
    /** Of all orders of the session, in cents. */
    readonly totalCents: number,
  ) {}
}

export class OrderDecoder implements Decoder.Text<Order> {
  static readonly decodes = Decoder.text(Order);

  /** Other texts are left to the decoders behind this one; here there are none, and that is an error too. */
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
    // Begins with a brace, so it is an object; what its keys hold is checked by the caller.
    return JSON.parse(json) as Record<string, unknown>;
  } catch (cause) {
    throw new DecodeException(json, 'An order is a JSON object.', cause);
  }
}
