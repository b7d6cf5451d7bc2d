import {
  DecodeException,
  Decoder,
  Encoder,
  OnClose,
  OnError,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  type CodecDeclaration,
  type EncoderClass,
  type InputStream,
  type Reader,
} from '@serval/api';
import { converse, type Conversation } from '@serval/testing';
import { planCodecs } from '@serval/plan';
import { SessionCodecs } from '../src/session-codecs';

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

let log: string[] = [];
beforeEach(() => {
  log = [];
});

class PointCodec implements Decoder.Text<Point>, Encoder.Text<Point> {
  static readonly decodes = Decoder.text(Point);
  static readonly encodes = Encoder.text(Point);
  init(): void | Promise<void> {
    log.push('init');
  }
  destroy(): void {
    log.push('destroy');
  }
  willDecode(text: string): boolean {
    return text.includes(',');
  }
  decode(text: string): Point {
    const [x, y] = text.split(',').map(Number);
    if (Number.isNaN(x)) throw new DecodeException(text, 'not a point');
    return new Point(x ?? 0, y ?? 0);
  }
  encode(point: Point): string {
    return `${point.x},${point.y}`;
  }
}

async function finish(conversation: Conversation): Promise<void> {
  conversation.peer.close(1000, '');
  await conversation.context.registry.whenEmpty();
}

@ServerEndpoint('/mirror')
class Mirror {
  @OnMessage mirror(point: Point): Point {
    return new Point(point.y, point.x);
  }
  @OnError failed(cause: Error): void {
    log.push(`${cause.name} ${cause.message}`);
  }
  @OnClose close(): void {
    log.push('close');
  }
}

test('[WSC-4.1.3-1] one instance per session decodes and encodes, from init to destroy after @OnClose', async () => {
  const codecs = { encoders: [PointCodec], decoders: [PointCodec] };
  const first = converse(Mirror, codecs);
  const second = converse(Mirror, { ...codecs, joining: first });
  first.peer.sendText('1,2', true);
  second.peer.sendText('3,4', true);
  expect([await first.received.texts(1), await second.received.texts(1)]).toEqual([['2,1'], ['4,3']]);
  second.peer.close(1000, '');
  await finish(first);
  expect(log.filter((line) => line === 'init')).toHaveLength(2);
  expect(log.slice(2)).toEqual(expect.arrayContaining(['close', 'destroy']));
  expect(log.indexOf('close')).toBeLessThan(log.indexOf('destroy'));
  expect(log.filter((line) => line === 'destroy')).toHaveLength(2);
});

test('[WSC-4.1.3-2] willDecode selects the decoder; a message that all decline, or that fails, goes to @OnError', async () => {
  class Polar implements Decoder.Text<Point> {
    static readonly decodes = Decoder.text(Point);
    willDecode(text: string): boolean {
      return text.startsWith('@');
    }
    async decode(text: string): Promise<Point> {
      return new Point(Number(text.slice(1)), 0);
    }
  }
  const conversation = converse(Mirror, { encoders: [PointCodec], decoders: [Polar, PointCodec] });
  for (const text of ['@5', 'nonsense', 'a,b', '6,7']) conversation.peer.sendText(text, true);
  expect(await conversation.received.texts(2)).toEqual(['0,5', '7,6']);
  expect(log.slice(1)).toEqual([
    'DecodeException No decoder takes the message as Point; asked: Polar, PointCodec.',
    'DecodeException not a point',
  ]);
});

test('sendObject uses encoders of String, Number, Boolean and BigInt for values of these types', async () => {
  const encoderOf = (declaration: CodecDeclaration<unknown>): EncoderClass =>
    class {
      static readonly encodes = declaration;
      encode(object: unknown): string {
        return `<${String(object)}>`;
      }
    };
  const encoders = [String, Number, Boolean].map((type) => encoderOf(Encoder.text<unknown>(type)));
  const conversation = converse(Mirror, {
    encoders: [...encoders, encoderOf(Encoder.text(BigInt))],
    decoders: [PointCodec],
  });
  for (const object of ['one', 2, true, 4n]) await conversation.session.getBasicRemote().sendObject(object);
  expect(await conversation.received.texts(4)).toEqual(['<one>', '<2>', '<true>', '<4>']);
});

test('an object with decoders for text and for binary arrives from both', async () => {
  class BinaryPoint implements Decoder.Binary<Point> {
    static readonly decodes = Decoder.binary(Point);
    decode(bytes: Buffer): Point {
      return new Point(bytes[0] ?? 0, bytes[1] ?? 0);
    }
  }
  const conversation = converse(Mirror, { encoders: [PointCodec], decoders: [PointCodec, BinaryPoint] });
  conversation.peer.sendBinary(Uint8Array.of(8, 9), true);
  conversation.peer.sendText('1,2', true);
  expect(await conversation.received.texts(2)).toEqual(['9,8', '2,1']);
});

test('stream decoders read parts as they arrive', async () => {
  class TextStreamPoint implements Decoder.TextStream<Point> {
    static readonly decodes = Decoder.textStream(Point);
    async decode(reader: Reader): Promise<Point> {
      const numbers: number[] = [];
      for (let line = await reader.readLine(); line !== null; line = await reader.readLine())
        numbers.push(Number(line));
      return new Point(numbers[0] ?? 0, numbers[1] ?? 0);
    }
  }
  class BinaryStreamPoint implements Decoder.BinaryStream<Point> {
    static readonly decodes = Decoder.binaryStream(Point);
    async decode(stream: InputStream): Promise<Point> {
      const bytes = await stream.readAll();
      return new Point(bytes[0] ?? 0, bytes[1] ?? 0);
    }
  }
  const conversation = converse(Mirror, {
    encoders: [PointCodec],
    decoders: [TextStreamPoint, BinaryStreamPoint],
  });
  conversation.peer.sendText('4', false);
  conversation.peer.sendText('\n2', true);
  conversation.peer.sendBinary(Uint8Array.of(1), false);
  conversation.peer.sendBinary(Uint8Array.of(2), true);
  expect(await conversation.received.texts(2)).toEqual(['2,4', '2,1']);
});

test('the params list names a decoder without a class at run time, or an erased parameter uses it by default', async () => {
  interface Order {
    readonly item: string;
  }
  class OrderDecoder implements Decoder.Text<Order> {
    static readonly decodes = Decoder.text<Order>();
    decode(text: string): Order {
      return { item: text };
    }
  }
  @ServerEndpoint('/named')
  class Named {
    @OnMessage({ params: [OrderDecoder] }) take(order: Order): string {
      return `named ${order.item}`;
    }
  }
  @ServerEndpoint('/erased')
  class Erased {
    @OnMessage take(order: Order): string {
      return `erased ${order.item}`;
    }
  }
  for (const [endpoint, expected] of [
    [Named, 'named tea'],
    [Erased, 'erased tea'],
  ] as const) {
    const conversation = converse(endpoint, { decoders: [OrderDecoder] });
    conversation.peer.sendText('tea', true);
    expect(await conversation.received.texts(1)).toEqual([expected]);
  }
});

test('if decoders decline, a later stream decoder receives the message', async () => {
  class Lines implements Decoder.TextStream<Point> {
    static readonly decodes = Decoder.textStream(Point);
    async decode(reader: Reader): Promise<Point> {
      return new Point(Number(await reader.readLine()), 7);
    }
  }
  const conversation = converse(Mirror, { encoders: [PointCodec], decoders: [PointCodec, Lines] });
  conversation.peer.sendText('1,2', true);
  conversation.peer.sendText('5', true);
  expect(await conversation.received.texts(2)).toEqual(['2,1', '7,5']);
});

test('init of a codec may return a promise; if one fails, the codecs before it are destroyed', async () => {
  class Slow extends PointCodec {
    override async init(): Promise<void> {
      await Promise.resolve();
      await super.init();
    }
  }
  class Failing extends PointCodec {
    override async init(): Promise<void> {
      throw new Error('no init');
    }
  }
  const config = new ServerEndpointConfig.Configurator() as never;
  const created = await SessionCodecs.create(planCodecs('E', [Slow], []), config);
  expect([created instanceof SessionCodecs, log]).toEqual([true, ['init']]);
  await expect(SessionCodecs.create(planCodecs('E', [Slow, Failing], []), config)).rejects.toThrow('no init');
  expect(log).toEqual(['init', 'init', 'destroy']);
});

test('@OnError receives the error of a codec whose destroy fails; the other codecs are still destroyed', async () => {
  class Sticky extends PointCodec {
    override destroy(): void {
      log.push('sticky');
      throw new Error('stuck');
    }
  }
  const conversation = converse(Mirror, { encoders: [PointCodec], decoders: [Sticky] });
  await finish(conversation);
  expect(log).toEqual(['init', 'init', 'close', 'destroy', 'sticky', 'Error stuck']);
});
