import { describeWithPeer, Tomcat } from '../peers';
import { handshake, Speaker, vanish } from '../../../../examples/test-conversation';
import { TestClient } from '../../../../examples/test-client';
import { start } from '../../../../examples/ported/chat/server';

const PATH = '/examples/websocket/chat';

/** A server numbers guests as long as it runs; here numbers start with the first guest of a conversation. */
function renumbered(lines: readonly string[]): string[] {
  const [, first = ''] = /Guest(\d+)/.exec(lines.find((line) => line.includes('Guest')) ?? '') ?? [];
  return lines.map((line) => line.replace(/Guest(\d+)/g, (_, number) => `Guest${Number(number) - Number(first)}`));
}

/** The messages between three guests, and from two more who vanish. */
async function conversation(port: number): Promise<string[]> {
  const uri = `ws://127.0.0.1:${port}${PATH}`;
  const heard: string[] = [];
  const present: [name: string, speaker: Speaker][] = [];
  /** One message that every present guest receives, in the order in which they joined. */
  const allHear = async (): Promise<void> => {
    for (const [name, speaker] of present) heard.push(`${name}: ${await speaker.hear()}`);
  };
  const join = async (name: string): Promise<Speaker> => {
    const speaker = await Speaker.join(uri);
    present.push([name, speaker]);
    await allHear();
    return speaker;
  };

  const ann = await join('ann');
  const ben = await join('ben');
  const cleo = await join('cleo');
  for (const [speaker, text] of [
    [ann, 'hello'],
    [cleo, 'grüße ✓ 😀'],
    [ben, `<b title="x">Tom & Jerry's</b>`],
    [ann, ''],
    [ann, '&lt;'],
    // The limit counts UTF-16 characters.
    [cleo, 'é'.repeat(8192)],
  ] as const) {
    await speaker.say(text);
    await allHear();
  }
  // Several messages at once keep their order, and no guest gets bytes.
  await ann.say('one', 'two', 'three');
  await ann.remote.sendBinary(Buffer.from('bytes'));
  await ann.remote.sendText('in ', false);
  await ann.remote.sendText('parts', true);
  for (let count = 0; count < 4; count += 1) await allHear();

  await vanish(port, PATH, async () => allHear());
  await allHear();
  await vanish(port, PATH, async () => allHear(), 'reset');
  await allHear();

  await ben.say('x'.repeat(8193));
  heard.push(`ben: ${await ben.hear()}`);
  present.splice(1, 1);
  await allHear();
  await ann.leave();
  heard.push(`ann: ${await ann.hear()}`);
  present.splice(0, 1);
  await allHear();
  await cleo.leave();
  return renumbered(heard);
}

/** The messages to a guest who did not read for a while. The buffers along the way decide how many are skipped. */
async function slowGuest(port: number): Promise<string[]> {
  const uri = `ws://127.0.0.1:${port}${PATH}`;
  const ann = await Speaker.join(uri);
  const ben = await Speaker.join(uri);
  // Compressed, these messages would take forever to fill the buffers along the way.
  const slow = await TestClient.open(uri, [], { perMessageDeflate: false });
  // Guests of an earlier conversation may disconnect late.
  let joined = '';
  while (!joined.endsWith('has joined.')) joined = String(await slow.next());
  slow.socket.pause();

  // Two guests who wait for their own messages before they continue. In the end, the one whose messages the slow guest
  // should receive stands still; by then the other has continued alone for a long time.
  let last: Speaker | undefined;
  let turns = 0;
  const talk = async (speaker: Speaker, length: number): Promise<void> => {
    const own = new RegExp(`x×${length}$`);
    while (turns < 100) {
      await speaker.say('x'.repeat(length));
      await speaker.hearUntil(own);
      turns = last === speaker ? turns + 1 : 0;
      last = speaker;
    }
    slow.socket.resume();
  };
  await Promise.all([talk(ann, 8000), talk(ben, 6000)]);
  await ann.say('the end');
  const heard = [joined];
  for (let line = ''; !line.endsWith('the end');) {
    line = String(await slow.next());
    if (!/: x+$|has disconnected\.$/.test(line)) heard.push(line);
  }
  await ann.leave();
  await ben.leave();
  await slow.close();
  return heard.map((line) => line.replace(/Guest\d+/, 'Guest').replace(/\[\d+\]/, '[n]'));
}

async function handshakes(port: number): Promise<string[]> {
  return [
    await handshake(port, PATH, { Origin: 'https://elsewhere.example' }),
    await handshake(port, PATH, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
    await handshake(port, `${PATH}/`),
  ];
}

/** Of the original and of the port. */
const CONVERSATION = [
  'ann: text * Guest0 has joined.',
  'ann: text * Guest1 has joined.',
  'ben: text * Guest1 has joined.',
  'ann: text * Guest2 has joined.',
  'ben: text * Guest2 has joined.',
  'cleo: text * Guest2 has joined.',
  'ann: text Guest0: hello',
  'ben: text Guest0: hello',
  'cleo: text Guest0: hello',
  'ann: text Guest2: grüße ✓ 😀',
  'ben: text Guest2: grüße ✓ 😀',
  'cleo: text Guest2: grüße ✓ 😀',
  "ann: text Guest1: &lt;b title=&quot;x&quot;&gt;Tom &amp; Jerry's&lt;/b&gt;",
  "ben: text Guest1: &lt;b title=&quot;x&quot;&gt;Tom &amp; Jerry's&lt;/b&gt;",
  "cleo: text Guest1: &lt;b title=&quot;x&quot;&gt;Tom &amp; Jerry's&lt;/b&gt;",
  'ann: text Guest0: ',
  'ben: text Guest0: ',
  'cleo: text Guest0: ',
  'ann: text Guest0: &amp;lt;',
  'ben: text Guest0: &amp;lt;',
  'cleo: text Guest0: &amp;lt;',
  'ann: text Guest2: é×8192',
  'ben: text Guest2: é×8192',
  'cleo: text Guest2: é×8192',
  'ann: text Guest0: one',
  'ben: text Guest0: one',
  'cleo: text Guest0: one',
  'ann: text Guest0: two',
  'ben: text Guest0: two',
  'cleo: text Guest0: two',
  'ann: text Guest0: three',
  'ben: text Guest0: three',
  'cleo: text Guest0: three',
  'ann: text Guest0: in parts',
  'ben: text Guest0: in parts',
  'cleo: text Guest0: in parts',
  'ann: text * Guest3 has joined.',
  'ben: text * Guest3 has joined.',
  'cleo: text * Guest3 has joined.',
  'ann: text * Guest3 has disconnected.',
  'ben: text * Guest3 has disconnected.',
  'cleo: text * Guest3 has disconnected.',
  'ann: text * Guest4 has joined.',
  'ben: text * Guest4 has joined.',
  'cleo: text * Guest4 has joined.',
  'ann: text * Guest4 has disconnected.',
  'ben: text * Guest4 has disconnected.',
  'cleo: text * Guest4 has disconnected.',
  'ben: closed 1009',
  'ann: text * Guest1 has disconnected.',
  'cleo: text * Guest1 has disconnected.',
  'ann: closed 1000',
  'cleo: text * Guest0 has disconnected.',
];

const SLOW_GUEST = ['* Guest has joined.', 'Skipped [n] messages due to slow client', 'Guest: the end'];
const HANDSHAKES = ['101', '101, sec-websocket-extensions: permessage-deflate', '404'];

let server: Awaited<ReturnType<typeof start>>;
beforeAll(async () => (server = await start(0)));
afterAll(() => server.stop());

test('ported chat: the messages that three guests receive', async () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation();
  expect(await conversation(server.port)).toEqual(CONVERSATION);
  expect(warn.mock.calls).toEqual([
    [expect.stringContaining('has no handler for binary messages')],
    [expect.stringContaining('at most 8192 are taken')],
  ]);
  warn.mockRestore();
});

test('ported chat: a guest who reads too slowly misses messages and receives their number', async () => {
  expect(await slowGuest(server.port)).toEqual(SLOW_GUEST);
});

test('ported chat: handshakes', async () => expect(await handshakes(server.port)).toEqual(HANDSHAKES));

describeWithPeer(Tomcat, 'the chat of Tomcat', () => {
  let tomcat: Tomcat;
  beforeAll(async () => {
    tomcat = await Tomcat.start();
  }, 90_000);
  afterAll(() => tomcat?.stop());

  test('the original and the port hold the same conversation', async () => {
    expect(await conversation(tomcat.port)).toEqual(CONVERSATION);
  });

  test('a slow guest receives the same', async () => {
    expect(await slowGuest(tomcat.port)).toEqual(SLOW_GUEST);
  }, 60_000);

  test('its handshakes equal those of the port', async () => {
    expect(await handshakes(tomcat.port)).toEqual(HANDSHAKES);
  });
});
