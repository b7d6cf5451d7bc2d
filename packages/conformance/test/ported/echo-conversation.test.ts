import { describeWithPeer, Tomcat } from '../peers';
import { CloseReason } from 'serval';
import { clientFrame, closeFrameFor, handshake, Speaker } from '../../../../examples/test-conversation';
import { start } from '../../../../examples/ported/echo/server';

const ROOT = '/examples/websocket/';

/** The answers to all kinds of messages, and the ends of a session. */
async function conversation(port: number, name: string): Promise<string[]> {
  return [...(await messages(port, name)), ...(await parts(port, name)), ...(await endings(port, name))];
}

async function messages(port: number, name: string): Promise<string[]> {
  const speaker = await Speaker.join(`ws://127.0.0.1:${port}${ROOT}${name}`);
  // Larger than 8192, which is Tomcat's limit for whole messages; these come in parts.
  await speaker.say('hello', '', 'grüße ✓ 😀', 'x'.repeat(8192), 'é✓'.repeat(50_000));
  for (const bytes of [0, 2, 8193, 200_000]) await speaker.remote.sendBinary(Buffer.alloc(bytes, 7));
  await speaker.say('end');
  const heard = await speaker.hearUntil(/end/);
  await speaker.leave();
  return heard;
}

async function parts(port: number, name: string): Promise<string[]> {
  const speaker = await Speaker.join(`ws://127.0.0.1:${port}${ROOT}${name}`);
  const { remote } = speaker;
  for (const part of ['', 'in ', '', 'four parts']) await remote.sendText(part, false);
  // Control frames may be injected in the middle of a message (RFC 6455 5.4).
  await remote.sendPing(Buffer.from('are you there'));
  const heard = [await speaker.hear()];
  await remote.sendText('', true);
  await remote.sendText('', false);
  await remote.sendText('', true);
  for (const part of ['ab', '', 'cd']) await remote.sendBinary(Buffer.from(part), false);
  await remote.sendBinary(Buffer.alloc(0), true);
  // An unsolicited pong is not a message.
  await remote.sendPong(Buffer.from('heartbeat'));
  // The answer to a ping may overtake the answers to messages that wait for a busy handler, so it comes last.
  heard.push(...(await speaker.hearUntil(/^binary/)));
  await remote.sendPing();
  heard.push(await speaker.hear());
  await speaker.leave(new CloseReason(4001, 'enough'));
  return [...heard, await speaker.hear()];
}

const ENDINGS: Readonly<Record<string, Buffer>> = {
  'a normal close': clientFrame(0x88, [0x03, 0xe8]),
  'an empty close': clientFrame(0x88),
  'a page that is left': clientFrame(0x88, [0x03, 0xe9]),
  'a code and a reason': clientFrame(0x88, [0x0f, 0xa1, ...Buffer.from('grüße')]),
  'a code of a library': clientFrame(0x88, [0x0b, 0xb8]),
  'a close of one byte': clientFrame(0x88, [0x03]),
  'a code that is never sent': clientFrame(0x88, [0x03, 0xed]),
  'a code that does not exist': clientFrame(0x88, [0x13, 0x88]),
  'a text that is not UTF-8': clientFrame(0x81, [0xff]),
  'an unknown opcode': clientFrame(0x83),
  'a continuation of nothing': clientFrame(0x80, 'x'),
  'a reserved bit': clientFrame(0xc1, 'x'),
  'a frame that is not masked': Buffer.from([0x81, 1, 0x61]),
  'a ping in fragments': clientFrame(0x09, 'x'),
};

/** The phrase of a peer's own close comes back; each server has its own phrase for a fault. */
async function endings(port: number, name: string): Promise<string[]> {
  const heard: string[] = [];
  for (const [what, frame] of Object.entries(ENDINGS)) {
    heard.push(
      `${what}: ${await closeFrameFor(port, ROOT + name, frame, { withPhrase: what === 'a code and a reason' })}`,
    );
  }
  return heard;
}

async function handshakes(port: number): Promise<string[]> {
  const path = `${ROOT}echoAnnotation`;
  return [
    await handshake(port, path),
    await handshake(port, path, { Origin: 'https://elsewhere.example' }),
    await handshake(port, path, { 'Sec-WebSocket-Protocol': 'echo.v1' }),
    await handshake(port, path, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
    await handshake(port, path, { 'Sec-WebSocket-Version': '12' }),
    await handshake(port, `${path}/further`),
    await handshake(port, '/websocket/echoAnnotation'),
  ];
}

/** Of the original and of the port. */
const CONVERSATION = [
  'text hello',
  'text ',
  'text grüße ✓ 😀',
  'text x×8192',
  'text of 100000, 6e5669235ba525f6',
  'binary ',
  'binary 0707',
  'binary of 16386, 6c43dc036b9b1274',
  'binary of 400000, e0f3beba3c6230fa',
  'text end',
  'pong 61726520796f75207468657265',
  'text in four parts',
  'text ',
  'binary 61626364',
  'pong ',
  'closed 4001',
  'a normal close: 1000',
  'an empty close: 1000',
  'a page that is left: 1001',
  'a code and a reason: 4001 grüße',
  'a code of a library: 3000',
  'a close of one byte: 1002',
  'a code that is never sent: 1002',
  'a code that does not exist: 1002',
  'a text that is not UTF-8: 1007',
  'an unknown opcode: 1002',
  'a continuation of nothing: 1002',
  'a reserved bit: 1002',
  'a frame that is not masked: 1002',
  'a ping in fragments: 1002',
];
const HANDSHAKES = [
  '101',
  '101',
  '101',
  '101, sec-websocket-extensions: permessage-deflate',
  '426, sec-websocket-version: 13',
  '404',
  '404',
];

let server: Awaited<ReturnType<typeof start>>;
beforeAll(async () => (server = await start(0)));
afterAll(() => server.stop());

test.each(['echoAnnotation', 'echoStreamAnnotation', 'echoAsyncAnnotation', 'echoProgrammatic'])(
  'ported echo: %s sends back what comes, whole or in parts, and answers every ending',
  async (name) => expect(await conversation(server.port, name)).toEqual(CONVERSATION),
  20_000,
);

test('ported echo: handshakes', async () => expect(await handshakes(server.port)).toEqual(HANDSHAKES));

test('ported echo: echoAsyncAnnotation keeps at most 1 MiB of a message that does not end', async () => {
  const speaker = await Speaker.join(`ws://127.0.0.1:${server.port}${ROOT}echoAsyncAnnotation`);
  await speaker.remote.sendBinary(Buffer.alloc(1024 * 1024), false);
  await speaker.remote.sendPing();
  expect(await speaker.hear()).toBe('pong ');
  await speaker.remote.sendBinary(Buffer.alloc(1), false);
  expect(await speaker.hear()).toBe('closed 1009');
});

describeWithPeer(Tomcat, 'the echo of Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, 90_000);
  afterAll(() => tomcat?.stop());

  test.each(['echoAnnotation', 'echoStreamAnnotation', 'echoProgrammatic'])(
    '%s: the original and the port hold the same conversation',
    async (name) => expect(await conversation(tomcat.port, name)).toEqual(CONVERSATION),
    20_000,
  );

  test('its handshakes equal those of the port', async () => {
    expect(await handshakes(tomcat.port)).toEqual(HANDSHAKES);
  });

  // Both start with an odd number of characters, so that Tomcat's buffer of 8192 ends in the middle of an emoji.
  test('echoStreamAnnotation fails if its buffer splits a character, and the port does not', async () => {
    const text = `x${'😀'.repeat(8192)}`;
    const heard: string[] = [];
    for (const { port } of [tomcat, server]) {
      const speaker = await Speaker.join(`ws://127.0.0.1:${port}${ROOT}echoStreamAnnotation`);
      await speaker.say(text);
      heard.push(await speaker.hear());
      await speaker.leave();
    }
    expect(heard).toEqual(['closed 1002', 'text x😀×16384']);
  });

  test('echoAsyncAnnotation is disabled there', async () => {
    expect(await handshake(tomcat.port, `${ROOT}echoAsyncAnnotation`)).toBe('404');
  });
});
