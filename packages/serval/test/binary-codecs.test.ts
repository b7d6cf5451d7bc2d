import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { TimestampSchema, type Timestamp } from '@bufbuild/protobuf/wkt';
import { DecodeException, OnError, OnMessage, ServerEndpoint, type CodecClass } from 'serval';
import { cbor } from 'serval/cbor';
import { msgpack } from 'serval/msgpack';
import { protobuf } from 'serval/protobuf';
import { TestServer } from 'serval/testing';
import { z } from 'zod';
import { afterTest, Inbox, silent } from '../../testing/test/toolbox';

/** An endpoint that returns each message, and the errors that it received. */
async function echo(codec: CodecClass) {
  const errors = new Inbox<Error>();
  @ServerEndpoint('/echo', { codecs: [codec] })
  class Echo {
    @OnMessage({ params: [codec] })
    echo(message: unknown): unknown {
      return message;
    }
    @OnError
    failed(error: Error): void {
      errors.add(error);
    }
  }
  const server = new TestServer({ endpoints: [Echo], logger: silent });
  afterTest(() => server.container.stop());
  return { peer: await server.connect('/echo'), errors };
}

const Frame = z.object({ at: z.date(), pixels: z.instanceof(Uint8Array), name: z.string().max(5) });
const frame = { at: new Date(0), pixels: Buffer.from([1, 2, 3]), name: 'one' };

describe.each([
  ['msgpack', msgpack],
  ['cbor', cbor],
] as const)('%s', (name, codecOf) => {
  test('carries dates and bytes, and validates both ways', async () => {
    const Codec = codecOf(Frame);
    const codec = new Codec();
    const { peer, errors } = await echo(Codec);
    const bytes = await codec.encode(frame);
    peer.send(bytes);
    const decoded = await codec.decode((await peer.receive()) as Buffer);
    expect(decoded).toMatchObject({ at: new Date(0), name: 'one' });
    expect(Buffer.from(decoded.pixels)).toEqual(frame.pixels);
    expect(() => codec.encode({ ...frame, name: 'too long' })).toThrow(`does not match the schema of ${name}: name: `);
    peer.send(await new (codecOf())().encode({ ...frame, name: 7 }));
    expect(((await errors.next()) as DecodeException).issues).toMatchObject([{ path: ['name'] }]);
  });

  test('calls the method for a type, and answers requests', async () => {
    @ServerEndpoint('/echo', { codecs: [codecOf(undefined, { requests: true })] })
    class Shop {
      @OnMessage('price') price() {
        return { euros: 3 };
      }
    }
    const server = new TestServer({ endpoints: [Shop], logger: silent });
    afterTest(() => server.container.stop());
    const peer = await server.connect('/echo');
    const plain = new (codecOf())();
    peer.send(await plain.encode({ id: 1, request: { type: 'price' } }));
    expect(plain.decode((await peer.receive()) as Buffer)).toEqual({ replyTo: 1, reply: { euros: 3 } });
  });

  test.each([
    ['is empty', []],
    ['ends early', [0x81]],
    ['has bytes behind the value', [1, 2]],
  ])('a message that %s is a DecodeException with the bytes', async (_how, bytes) => {
    const { peer, errors } = await echo(codecOf());
    peer.send(Uint8Array.from(bytes));
    const error = (await errors.next()) as DecodeException;
    expect(error.message).toMatch(/^The message is not (CBOR|MessagePack)\.$/);
    expect([...(error.getBytes() ?? [])]).toEqual(bytes);
  });

  test('a nested message too deep for the stack is a DecodeException', () => {
    const deep = Buffer.alloc(100_000, name === 'cbor' ? 0x81 : 0x91);
    expect(() => new (codecOf())().decode(deep)).toThrow(DecodeException);
  });

  test('a count beyond the end of the message is refused before anything is allocated', () => {
    const headers = name === 'cbor' ? [0x9a, 0xba] : [0xdd, 0xdf];
    for (const header of headers) {
      const bytes = Buffer.from([0x82, ...(name === 'cbor' ? [0x61] : [0xa1]), 0x61, header, 0x01, 0x00, 0x00, 0x00]);
      const thrown = refusal(() => new (codecOf())().decode(bytes));
      expect((thrown.cause as Error).message).toBe('An array or a map declares 16777216 elements; 0 bytes follow.');
    }
  });

  test('the same bytes inside strings, numbers and bytes are no counts', () => {
    const codec = new (codecOf())();
    const value = {
      list: Array.from({ length: 66_000 }, (_, index) => index % 7),
      map: Object.fromEntries(Array.from({ length: 66_000 }, (_, index) => [`k${index}`, 0])),
      text: 'ÝßÚ'.repeat(1000),
      numbers: [0xdddfdddf, 0x9a9bbabb, -0xdddf, 0.1, 1e300, 0xdf, 2 ** 52, -1],
      bytes: Buffer.alloc(300, 0xdd),
      more: Buffer.alloc(66_000, 0x9b),
    };
    const decoded = codec.decode(codec.encode(value) as Uint8Array) as typeof value;
    expect({ ...decoded, bytes: Buffer.from(decoded.bytes), more: Buffer.from(decoded.more) }).toEqual(value);
  });

  test('a property named __proto__ changes no prototype', () => {
    const codec = new (codecOf())();
    const evil = JSON.parse('{"__proto__":{"isAdmin":true}}') as object;
    const decoded = codec.decode(codec.encode(evil) as Uint8Array) as { isAdmin?: boolean };
    expect(decoded.isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });
});

function refusal(call: () => unknown): DecodeException {
  try {
    call();
  } catch (error) {
    return error as DecodeException;
  }
  throw new Error('The message was decoded.');
}

describe('protobuf', () => {
  test('decodes and encodes the messages of one type', async () => {
    const { peer, errors } = await echo(protobuf<Timestamp>(TimestampSchema));
    const bytes = toBinary(TimestampSchema, create(TimestampSchema, { seconds: 7n }));
    peer.send(bytes);
    expect(fromBinary(TimestampSchema, (await peer.receive()) as Buffer)).toMatchObject({ seconds: 7n });
    peer.send(Buffer.from([0xff, 0xff]));
    expect((await errors.next()).message).toBe('The message is not a google.protobuf.Timestamp of Protocol Buffers.');
  });

  test('encodes an object with the fields of the message', () => {
    const codec = new (protobuf<Timestamp>(TimestampSchema))();
    expect(codec.decode(codec.encode({ seconds: 9n, nanos: 1 }) as Uint8Array)).toMatchObject({
      seconds: 9n,
      nanos: 1,
    });
    expect(() => codec.encode({ nanos: 'x' as never })).toThrow('cannot be written as a google.protobuf.Timestamp');
  });

  test('answers what it cannot decode with a message', async () => {
    const answerErrors = () => ({ seconds: 404n });
    const { peer } = await echo(protobuf<Timestamp>(TimestampSchema, { answerErrors }));
    peer.send(Buffer.from([0xff, 0xff]));
    expect(fromBinary(TimestampSchema, (await peer.receive()) as Buffer)).toMatchObject({ seconds: 404n });
  });

  test('refuses what is no description of a message', () => {
    expect(() => protobuf({ type: 'object' } as never)).toThrow(/^protobuf takes the description of a message/);
  });
});
