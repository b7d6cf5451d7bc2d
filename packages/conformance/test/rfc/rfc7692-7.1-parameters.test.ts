import { deflateRawSync, constants } from 'node:zlib';
import { clientFrame } from '@serval/testing';
import { compressedFrames, MessageDeflater, MessageInflater, readFrame } from './deflate-peer';
import { bytes, closeCode, withEcho } from '../echo-peer';
import { someOf } from '../../../testing/test/toolbox';

const HELLO = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
/** "Hello" as a reference to the "Hello" before it (RFC 7692 7.2.3.2). */
const AGAIN = [0xf2, 0x00, 0x11, 0x00, 0x00];

/** Text of characters that hardly compress, which comes again after `distance` bytes: worth a reference that far back. */
function repeating(length: number, distance: number): string {
  const piece = Array.from({ length: distance }, (_, index) =>
    String.fromCharCode(0x21 + ((((index + 7) * 40_503) >>> 7) % 90)),
  );
  return piece
    .join('')
    .repeat(Math.ceil(length / distance))
    .slice(0, length);
}

const MESSAGES: readonly string[] = [
  'short',
  'short',
  repeating(20_000, 300),
  repeating(20_000, 1500),
  repeating(60_000, 20_000),
  repeating(60_000, 20_000),
  '',
  'short',
];

test('the inflaters of these tests reject data that their parameters do not allow', async () => {
  const far = deflateRawSync(repeating(60_000, 20_000), { windowBits: 15, finishFlush: constants.Z_SYNC_FLUSH });
  await expect((async () => new MessageInflater({ windowBits: 9 }).inflate(far))()).rejects.toThrow(/too far back/);
  const forgetful = new MessageInflater({ noContextTakeover: true });
  expect(String(await forgetful.inflate(Buffer.from(HELLO)))).toBe('Hello');
  await expect((async () => forgetful.inflate(Buffer.from(AGAIN)))()).rejects.toThrow(/too far back/);
});

interface Offer {
  readonly serverForgets: boolean;
  readonly clientForgets: boolean;
  readonly serverBits: number | undefined;
  readonly clientBits: number | 'any' | undefined;
}

const OFFERS = [false, true].flatMap((serverForgets) =>
  [false, true].flatMap((clientForgets) =>
    [undefined, 8, 9, 12, 15].flatMap((serverBits) =>
      ([undefined, 'any', 8, 9, 15] as const).map((clientBits) => ({
        serverForgets,
        clientForgets,
        serverBits,
        clientBits,
      })),
    ),
  ),
);

function format({ serverForgets, clientForgets, serverBits, clientBits }: Offer): string {
  return [
    'permessage-deflate',
    ...(serverForgets ? ['server_no_context_takeover'] : []),
    ...(clientForgets ? ['client_no_context_takeover'] : []),
    ...(serverBits === undefined ? [] : [`server_max_window_bits=${serverBits}`]),
    ...(clientBits === undefined
      ? []
      : [clientBits === 'any' ? 'client_max_window_bits' : `client_max_window_bits=${clientBits}`]),
  ].join('; ');
}

withEcho({ perMessageDeflate: { threshold: 0 }, textBufferSize: 200_000 }, (connect) => {
  test.each(someOf(34, OFFERS).map((offer) => [format(offer), offer] as const))(
    'RFC 7692 7.1: %s',
    async (header, offer) => {
      const { client, head, heard } = await connect({ 'Sec-WebSocket-Extensions': header });
      const agreed = head.headers.get('sec-websocket-extensions')?.join() ?? 'nothing';
      // The server confirms the requested parameters.
      expect(agreed.includes('server_no_context_takeover')).toBe(offer.serverForgets);
      expect(/server_max_window_bits=(\d+)/.exec(agreed)?.[1]).toBe(offer.serverBits?.toString());

      const deflater = new MessageDeflater({
        noContextTakeover: agreed.includes('client_no_context_takeover'),
        windowBits: Number(/client_max_window_bits=(\d+)/.exec(agreed)?.[1] ?? 15),
      });
      const inflater = new MessageInflater({
        noContextTakeover: offer.serverForgets,
        windowBits: offer.serverBits ?? 15,
      });
      for (const [index, message] of MESSAGES.entries()) {
        const fragmentSize = index % 2 === 0 ? Infinity : 1000;
        client.send(...compressedFrames(1, await deflater.deflate(message), fragmentSize));
        const { first, payload } = await readFrame(client);
        expect(first).toBe(0xc1);
        expect((await inflater.inflate(payload)).toString() === message).toBe(true);
        expect(heard.entries[index] === `text ${message}`).toBe(true);
      }
    },
  );

  test('RFC 7692 7.1.1: with context takeover the server refers to earlier messages', async () => {
    const { client } = await connect({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    client.send(clientFrame(0xc1, HELLO), clientFrame(0xc1, AGAIN));
    expect(await client.read(9 + 7)).toEqual(bytes(0xc1, 7, ...HELLO, 0xc1, 5, ...AGAIN));
  });

  test('RFC 7692 7.1.1.1: server_no_context_takeover prevents that', async () => {
    const { client } = await connect({
      'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover',
    });
    client.send(clientFrame(0xc1, HELLO), clientFrame(0xc1, AGAIN));
    expect(await client.read(2 * 9)).toEqual(bytes(0xc1, 7, ...HELLO, 0xc1, 7, ...HELLO));
  });

  test('RFC 7692 7.1.1.2: rejects a back reference of a client with no_context_takeover', async () => {
    const { client, heard } = await connect({
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover',
    });
    client.send(clientFrame(0xc1, HELLO), clientFrame(0xc1, AGAIN));
    expect(await client.read(9)).toEqual(bytes(0xc1, 7, ...HELLO));
    expect(await closeCode(client)).toBe(1007);
    expect((await heard.closed()).filter((entry) => entry.startsWith('text'))).toEqual(['text Hello']);
  });

  test('RFC 7692 7.1.1: the contexts of two connections are independent', async () => {
    const header = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    const [one, two] = [await connect(header), await connect(header)];
    one.client.send(clientFrame(0xc1, HELLO));
    expect(await one.client.read(9)).toEqual(bytes(0xc1, 7, ...HELLO));
    two.client.send(clientFrame(0xc1, AGAIN));
    expect(await closeCode(two.client)).toBe(1007);
    one.client.send(clientFrame(0xc1, AGAIN));
    expect(await one.client.read(7)).toEqual(bytes(0xc1, 5, ...AGAIN));
  });

  test('RFC 7692 7.1.1: an uncompressed message does not change the contexts', async () => {
    const { client } = await connect({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    client.send(clientFrame(0xc1, HELLO), clientFrame(0x81, 'plain'), clientFrame(0xc1, AGAIN));
    const inflater = new MessageInflater({});
    for (const expected of ['Hello', 'plain', 'Hello']) {
      const { payload } = await readFrame(client);
      expect(String(await inflater.inflate(payload))).toBe(expected);
    }
  });
});

describe('a server with its own parameters', () => {
  withEcho(
    {
      perMessageDeflate: {
        threshold: 0,
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 9,
        clientMaxWindowBits: 10,
      },
      textBufferSize: 200_000,
    },
    (connect) => {
      test('RFC 7692 7.1: follows its own parameters, and sends the client’s', async () => {
        const { client, head } = await connect({
          'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
        });
        expect(head.headers.get('sec-websocket-extensions')).toEqual([
          'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10',
        ]);
        const deflater = new MessageDeflater({ noContextTakeover: true, windowBits: 10 });
        const inflater = new MessageInflater({ noContextTakeover: true, windowBits: 9 });
        for (const message of MESSAGES) {
          client.send(...compressedFrames(1, await deflater.deflate(message)));
          expect((await inflater.inflate((await readFrame(client)).payload)).toString() === message).toBe(true);
        }
      });

      test('RFC 7692 7.1.2.2: declines a client that does not offer to limit its window', async () => {
        const { head } = await connect({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
        expect(head.headers.get('sec-websocket-extensions')).toBeUndefined();
      });
    },
  );
});
