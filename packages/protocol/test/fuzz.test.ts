import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { constants, deflateRawSync } from 'node:zlib';
import { createExtension } from '@serval/api';
import type { Transport, TransportListener } from '@serval/api/spi';
import { PerMessageDeflate, Receiver, Sender } from 'ws';
import { createClientEngine, createNativeEngine } from '../src';
import { publicCodecs } from '../src/zlib-functions';
import { streamCodecs } from '../src/zlib-streams';
import { Random } from './random';

// Every wait is for an event; the limit only ends a test that hangs, also on a busy machine.
jest.setTimeout(300_000);

/** The events that either implementation reported in a conversation. */
interface Outcome {
  /** Messages and pongs. A ping behind messages that wait is answered before them, so pings are counted apart. */
  readonly events: readonly string[];
  readonly pings: number;
  /** As onClose tells it: 1006 when the connection ended in the middle. */
  readonly code: number;
  readonly reason: string;
}

/** A client's side of a conversation, and what the listed differences need to know of it. */
interface Conversation {
  readonly chunks: readonly Buffer[];
  /** Ours. */
  readonly role: 'server' | 'client';
  readonly deflate: boolean;
  /** Whether messages may refer to earlier ones. */
  readonly takeover: boolean;
  /** Whether we inflate by zlib's public functions. */
  readonly publicZlib: boolean;
  readonly inParts: boolean;
  readonly pauses: boolean;
  /** 0 for none. */
  readonly maxBytes: number;
  readonly maxFragments: number;
  /** The changes made to it. */
  readonly marks: ReadonlySet<Mark>;
}

type Mark =
  | 'bad text'
  | 'compressed'
  | 'bad deflate'
  | 'final block'
  | 'length bit'
  | 'huge length'
  | 'many fragments'
  | 'flipped'
  | 'cut';

/** The differences that are meant. Everything else fails. */
const DIFFERENCES: readonly {
  readonly reason: string;
  holds(ours: Outcome, theirs: Outcome, conversation: Conversation): boolean;
}[] = [
  {
    // ws looks at the text when the message is whole, and so may first see another fault, or the end.
    reason: 'RFC 6455 8.1: text that is not UTF-8 is refused as soon as its bytes arrive',
    holds: (ours, theirs, { marks }) =>
      marks.has('bad text') && ours.code === 1007 && isPrefix(ours.events, theirs.events),
  },
  {
    reason: 'RFC 6455 5.2: the highest bit of a length must be 0, which ws treats as any other huge length',
    holds: (ours, theirs, { marks }) =>
      (marks.has('length bit') || marks.has('flipped')) &&
      ours.code === 1002 &&
      (theirs.code === 1009 || (marks.has('cut') && theirs.code === 1006)) &&
      same(ours.events, theirs.events),
  },
  {
    // Our parser judges a length before the assembler judges the place of the frame in its message.
    reason: 'a frame breaks two rules at once, its huge length and its place',
    holds: (ours, theirs, { marks }) =>
      (marks.has('huge length') || marks.has('flipped')) &&
      ours.code === 1009 &&
      theirs.code === 1002 &&
      same(ours.events, theirs.events),
  },
  {
    reason: 'the connection ends inside a header, whose length and place are judged with the mask behind them',
    holds: (ours, theirs, { marks }) =>
      marks.has('cut') &&
      ours.code === 1006 &&
      (theirs.code === 1009 || theirs.code === 1002) &&
      same(ours.events, theirs.events),
  },
  {
    reason: 'a fragment too many is refused by its header; ws waits for its payload',
    holds: (ours, theirs, { marks }) =>
      marks.has('many fragments') && ours.code === 1008 && isPrefix(ours.events, theirs.events),
  },
  {
    // The whole message counts, so whatever the connection comes to before its end comes first.
    reason: 'by public zlib a compressed message is inflated when it is whole; ws inflates each of its frames',
    holds: (ours, theirs, { marks, publicZlib }) =>
      publicZlib &&
      marks.has('compressed') &&
      (theirs.code === 1007 || (theirs.code === 1009 && ours.code !== 1007)) &&
      isPrefix(theirs.events, ours.events) &&
      !isMessage(ours.events[theirs.events.length]),
  },
  {
    reason: 'a compressed message is judged as its bytes arrive; ws waits for the end of a frame',
    holds: (ours, theirs, { marks, publicZlib }) =>
      !publicZlib &&
      marks.has('compressed') &&
      (ours.code === 1007 || ours.code === 1009) &&
      isPrefix(ours.events, theirs.events) &&
      !isMessage(theirs.events[ours.events.length]),
  },
  {
    reason: 'the limit of a compressed message is that of its inflated size; ws applies it to the frames as well',
    holds: (ours, theirs, { marks, maxBytes }) =>
      marks.has('compressed') &&
      theirs.code === 1009 &&
      isPrefix(theirs.events, ours.events) &&
      ours.events.filter(isMessage).every((event) => (event.length - event.indexOf(' ') - 1) / 2 <= maxBytes),
  },
  {
    reason: 'RFC 7692 7.2.3.4: behind a final block ws takes nothing more where a context is taken over',
    holds: (ours, theirs, { marks, takeover }) =>
      takeover &&
      (marks.has('final block') || marks.has('bad deflate') || marks.has('flipped')) &&
      theirs.code === 1007 &&
      isPrefix(theirs.events, ours.events),
  },
  {
    // ws drops what is left of the write behind the final block, but not the tail, which it writes by itself; it is taken
    // for the beginning of a block, and what that block holds comes with a message behind.
    reason: 'RFC 7692 7.2.3.4: of a message that goes on behind a final block ws leaves its tail in the context',
    holds: (ours, theirs, { marks, takeover }) => {
      if (!takeover || !(marks.has('final block') || marks.has('bad deflate') || marks.has('flipped'))) return false;
      const at = ours.events.findIndex((event, index) => event !== theirs.events[index]);
      const [kind, data = ''] = ours.events[at]?.split(' ') ?? [];
      const [theirKind, theirData = ''] = theirs.events[at]?.split(' ') ?? [];
      // A block that holds bytes as they are begins with their number and its complement.
      const shifted = theirData.slice(8);
      if (kind !== theirKind || data === '' || shifted === '') return false;
      return data.startsWith(shifted) || shifted.startsWith(data);
    },
  },
  {
    reason: 'RFC 7692 7.2.3.4: blocks behind a final block belong to the message; ws drops them',
    holds: (ours, theirs, { marks }) => {
      if (!marks.has('bad deflate') && !marks.has('flipped')) return false;
      const at = ours.events.findIndex((event, index) => event !== theirs.events[index]);
      const first = at < 0 ? ours.events.length : at;
      if (first === ours.events.length) return ours.code === 1007 || ours.code === 1009;
      return (ours.events[first] ?? '').startsWith(theirs.events[first] ?? 'none');
    },
  },
];

const CASES = Number(process.env['FUZZ_CASES'] ?? 300);

test(`RFC 6455, RFC 7692: ${CASES} random conversations end as they do with ws`, async () => {
  const seed = Random.seed();
  const met = new Map<string, number>();
  for (let index = 0; index < CASES; index += 1) {
    // Each case has its own seed, so that one can be repeated alone: TEST_SEED=<its seed> FUZZ_CASES=1.
    const caseSeed = (seed + index) >>> 0;
    const conversation = await randomConversation(new Random(caseSeed));
    const theirs = await inTime(runWs(conversation), `TEST_SEED=${caseSeed} FUZZ_CASES=1: ws does not end`);
    const { outcome: ours, sent } = await inTime(
      runOurs(conversation, new Random(caseSeed)),
      `TEST_SEED=${caseSeed} FUZZ_CASES=1: our connection does not end: ${describeCase(conversation)}`,
    );
    const agrees = same(ours.events, theirs.outcome.events) && ours.code === theirs.outcome.code;
    const difference = agrees
      ? undefined
      : DIFFERENCES.find((candidate) => candidate.holds(ours, theirs.outcome, conversation));
    const label = agrees ? 'the same' : difference?.reason;
    if (label === undefined) {
      throw new Error(
        `TEST_SEED=${caseSeed} FUZZ_CASES=1: ${describeCase(conversation)}\nours ${describe(ours)}\nws   ${describe(theirs.outcome)}`,
      );
    }
    met.set(label, (met.get(label) ?? 0) + 1);
    if (agrees && (ours.code < 1002 || ours.code === 1005 || ours.code >= 3000))
      expect([caseSeed, ours.reason]).toEqual([caseSeed, theirs.outcome.reason]);
    // Our output, as ws reads it: the messages echoed, the pings answered, each in their order, and the close frame.
    const { messages, pongs } = inOrder(sent.events);
    expect({ caseSeed, messages, pongs: pongs.length, code: sent.code }).toEqual({
      caseSeed,
      messages: ours.events.filter(isMessage),
      pongs: ours.pings,
      code: ours.code,
    });
    // They are more where pings were seen ahead of a fault or an end, and fewer where ws found a fault later.
    const both = Math.min(pongs.length, theirs.pings.length);
    expect([caseSeed, ...pongs.slice(0, both)]).toEqual([caseSeed, ...theirs.pings.slice(0, both)]);
    const closesWell = ours.code < 1002 || ours.code === 1005 || ours.code >= 3000;
    if (agrees && closesWell) expect([caseSeed, ours.pings]).toEqual([caseSeed, theirs.pings.length]);
  }
  // A run of many cases that meets hardly any valid conversation, or hardly any fault, tests nothing.
  if (CASES >= 300) expect(met.get('the same')).toBeGreaterThan(CASES / 2);
  console.info(`fuzz seed ${seed}, ${CASES} cases:\n${[...met].map(([reason, n]) => `${n} ${reason}`).join('\n')}`);
});

/** A conversation that never ends fails with its seed, and not with the whole test. */
async function inTime<T>(running: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(otherwise)), 60_000)));
  try {
    return await Promise.race([running, patience]);
  } finally {
    clearTimeout(timer);
  }
}

/** A pong may pass messages that are still being compressed (RFC 6455 5.4); apart from that, the order is kept. */
function inOrder(events: readonly string[]): Record<'messages' | 'pongs', readonly string[]> {
  const isPong = (event: string): boolean => event.startsWith('pong');
  return { messages: events.filter((event) => !isPong(event)), pongs: events.filter(isPong) };
}

// --- the conversations ------------------------------------------------------------------------------------------------

/** Whether the frames that are made are those of a client. */
let peerMasks = true;

async function randomConversation(random: Random): Promise<Conversation> {
  peerMasks = random.chance(70);
  const deflate = random.chance(35);
  const publicZlib = random.chance(25);
  const takeover = !publicZlib && random.chance(50);
  const inParts = random.chance(40);
  const maxBytes = !inParts && random.chance(25) ? random.pick([0, 10, 125, 1000]) || 20 : 0;
  const maxFragments = random.chance(20) ? 3 : 100;
  const marks = new Set<Mark>();
  const wire = random.chance(20)
    ? await sentByWs(random, deflate, takeover, marks)
    : Buffer.concat(Array.from({ length: 1 + random.below(8) }, () => step(random, deflate, maxFragments, marks)));
  if (random.chance(5)) flip(random, wire, marks);
  const bytes = random.chance(15) ? wire.subarray(0, random.below(wire.length + 1)) : wire;
  if (bytes.length < wire.length) marks.add('cut');
  const largest = bytes.length < 2000 ? random.pick([1, 3, 20, 2000]) : random.pick([1000, 70_000]);
  return {
    chunks: random.cut(bytes, largest),
    role: peerMasks ? 'server' : 'client',
    deflate,
    takeover,
    publicZlib,
    inParts,
    pauses: random.chance(30),
    maxBytes,
    maxFragments,
    marks,
  };
}

/** One message or control frame, or something that breaks a rule. */
function step(random: Random, deflate: boolean, maxFragments: number, marks: Set<Mark>): Buffer {
  const kind = random.below(100);
  if (kind < 55) return message(random, deflate, maxFragments, marks);
  if (kind < 75) return frame(random, random.pick([0x89, 0x8a]), random.bytes(random.pick([0, 1, 5, 124, 125])));
  if (kind < 82) return closeFrame(random);
  if (kind < 84) return frame(random, random.pick([0x00, 0x80]), Buffer.from('continues nothing'));
  if (kind < 87) {
    for (const mark of ['bad text', 'compressed', 'bad deflate'] as const) marks.add(mark);
    return frame(random, random.below(256), random.bytes(random.below(20)));
  }
  if (kind < 89) return frame(random, random.pick([0x09, 0x0a, 0x08, 0xc9, 0xda]), Buffer.from('control'));
  if (kind < 91) return frame(random, random.pick([0x88, 0x89, 0x8a]), random.bytes(126 + random.below(200)));
  if (kind < 93)
    return frame(random, random.pick([0x81, 0x82, 0x89]), Buffer.from('masked as it must not be'), {
      masked: !peerMasks,
    });
  if (kind < 95) return frame(random, random.pick([0x01, 0x02]), Buffer.from('begins and is not ended'));
  if (kind < 97) {
    marks.add('length bit');
    return Buffer.from([random.pick([0x81, 0x82, 0x02]), 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  }
  marks.add('huge length');
  return Buffer.from([random.pick([0x81, 0x82, 0x02]), 0xff, 0, 0x20, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
}

function message(random: Random, deflate: boolean, maxFragments: number, marks: Set<Mark>): Buffer {
  const isText = random.chance(60);
  const length = random.pick([0, 1, 4, 10, 20, 21, 125, 126, 127, 900, 1500, random.chance(10) ? 65_536 : 300]);
  let payload = isText ? Buffer.from(random.text(length)) : random.bytes(length);
  if (isText && random.chance(12)) {
    payload = breakText(random, payload);
    marks.add('bad text');
  }
  const compressed = deflate && random.chance(60);
  if (compressed) {
    marks.add('compressed');
    payload = compress(random, payload, marks);
    if (random.chance(8)) {
      payload = random.chance(50) ? random.bytes(1 + random.below(30)) : payload.subarray(0, payload.length >> 1);
      marks.add('bad deflate');
      // It mostly inflates to bytes that are not text.
      marks.add('bad text');
    }
  }
  const count = random.chance(60) ? 1 : 1 + random.below(6);
  if (count > maxFragments) marks.add('many fragments');
  const cuts = Array.from({ length: count - 1 }, () => random.below(payload.length + 1)).sort((a, b) => a - b);
  const frames: Buffer[] = [];
  [0, ...cuts].forEach((start, index) => {
    const opcode = index > 0 ? 0 : isText ? 1 : 2;
    const first = (index === cuts.length ? 0x80 : 0) | (compressed && index === 0 ? 0x40 : 0) | opcode;
    frames.push(frame(random, first, payload.subarray(start, cuts[index] ?? payload.length)));
    // RFC 6455 5.4: control frames may stand between the fragments.
    if (index < cuts.length && random.chance(25))
      frames.push(frame(random, random.pick([0x89, 0x8a]), random.bytes(3)));
  });
  return Buffer.concat(frames);
}

function compress(random: Random, payload: Buffer, marks: Set<Mark>): Buffer {
  const level = random.pick([0, 1, 9]);
  if (random.chance(15)) {
    // RFC 7692 7.2.3.4: a final block, and a byte for the flush behind it.
    marks.add('final block');
    return Buffer.concat([deflateRawSync(payload, { level }), Buffer.from([0])]);
  }
  return deflateRawSync(payload, { level, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function breakText(random: Random, payload: Buffer): Buffer {
  const bad = random.pick([
    [0xff],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x9c],
    [0x80],
    [0xf0],
  ]);
  const at = random.chance(50) ? payload.length : random.below(payload.length + 1);
  return Buffer.concat([payload.subarray(0, at), Buffer.from(bad), payload.subarray(at)]);
}

function closeFrame(random: Random): Buffer {
  if (random.chance(15)) return frame(random, 0x88, random.bytes(random.below(2)));
  const code = random.pick([
    1000, 1001, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 0,
  ]);
  const reason = random.chance(15) ? random.bytes(5) : Buffer.from(random.text(random.below(30)));
  return frame(random, 0x88, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), reason]));
}

/** A frame of a client, its mask random or zero, its length not always in the shortest form. */
function frame(random: Random, first: number, payload: Buffer, { masked = peerMasks } = {}): Buffer {
  const { length } = payload;
  const isControl = (first & 0x08) !== 0;
  let form = length <= 125 ? 0 : length <= 0xffff ? 2 : 8;
  if (!isControl && random.chance(5)) form = random.pick([form, 8]);
  const header = Buffer.alloc(2 + form);
  header[0] = first;
  header[1] = (masked ? 0x80 : 0) | (form === 0 ? length : form === 2 ? 126 : 127);
  if (form === 2) header.writeUInt16BE(length, 2);
  if (form === 8) header.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([header, payload]);
  const mask = random.chance(20) ? Buffer.alloc(4) : random.bytes(4);
  return Buffer.concat([header, mask, payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}

function flip(random: Random, wire: Buffer, marks: Set<Mark>): void {
  if (wire.length === 0) return;
  const at = random.below(wire.length);
  wire[at] = (wire[at] ?? 0) ^ (1 << random.below(8));
  // It may have come to any of these.
  for (const mark of ['flipped', 'bad text', 'many fragments'] as const) marks.add(mark);
}

/** A conversation without faults, framed and compressed by ws. */
async function sentByWs(random: Random, deflate: boolean, takeover: boolean, marks: Set<Mark>): Promise<Buffer> {
  const wire = new Wire();
  const perMessageDeflate = deflate
    ? { [PerMessageDeflate.extensionName]: wsDeflate(!peerMasks, 0, takeover) }
    : undefined;
  const sender = new Sender(wire, perMessageDeflate);
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const binary = random.chance(40);
    const parts = 1 + random.below(3);
    const compress = deflate && random.chance(60);
    if (compress) marks.add('compressed');
    if (parts > 3) marks.add('many fragments');
    for (let part = 1; part <= parts; part += 1) {
      const length = random.pick([0, 3, 126, 1500, 66_000]);
      const data = binary ? random.bytes(length) : random.text(length);
      const options = { binary, compress, fin: part === parts, mask: peerMasks };
      await new Promise<void>((resolve) => sender.send(data, options, resolve));
      if (random.chance(20)) await new Promise<void>((resolve) => sender.ping(random.bytes(4), peerMasks, resolve));
    }
  }
  await new Promise<void>((resolve) =>
    sender.close(random.pick([undefined, 1000, 4321]), undefined, peerMasks, resolve),
  );
  return Buffer.concat(wire.written);
}

// --- the two that hold them -------------------------------------------------------------------------------------------

async function runWs(conversation: Conversation): Promise<{ outcome: Outcome; pings: string[] }> {
  const { deflate, takeover, maxBytes, maxFragments, chunks } = conversation;
  return read(chunks, { isServer: conversation.role === 'server', deflate, takeover, maxBytes, maxFragments });
}

/** Feeds bytes to the Receiver of ws. */
async function read(
  chunks: readonly Buffer[],
  rules: { isServer: boolean; deflate: boolean; takeover: boolean; maxBytes: number; maxFragments: number },
): Promise<{ outcome: Outcome; pings: string[] }> {
  const perMessageDeflate = rules.deflate ? wsDeflate(rules.isServer, rules.maxBytes, rules.takeover) : undefined;
  const receiver = new Receiver({
    isServer: rules.isServer,
    maxPayload: rules.maxBytes,
    maxFragments: rules.maxFragments,
    ...(perMessageDeflate && { extensions: { [PerMessageDeflate.extensionName]: perMessageDeflate } }),
  });
  const events: string[] = [];
  const pings: string[] = [];
  let code = 1006;
  let reason = '';
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    events.push(`${isBinary ? 'binary' : 'text'} ${data.toString('hex')}`),
  );
  receiver.on('ping', (data: Buffer) => pings.push(`pong ${data.toString('hex')}`));
  receiver.on('pong', (data: Buffer) => events.push(`pong ${data.toString('hex')}`));
  receiver.on('conclude', (given: number, text: Buffer) => {
    code = given;
    reason = text.toString();
  });
  const ended = new Promise<void>((resolve) => {
    receiver.on('finish', resolve);
    receiver.on('error', (error) => {
      code = statusCode(error);
      resolve();
    });
  });
  for (const chunk of chunks) {
    if (!receiver.writable) break;
    // Copied, because chunks are unmasked in place; one by one, so that both engines receive the same order.
    await Promise.race([ended, new Promise((resolve) => receiver.write(Buffer.from(chunk), resolve))]);
  }
  if (receiver.writable) receiver.end();
  await ended;
  return { outcome: { events, pings: pings.length, code, reason }, pings };
}

function statusCode(error: Error): number {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code');
  const code: unknown = symbol && Reflect.get(error, symbol);
  if (typeof code !== 'number') throw error;
  return code;
}

function wsDeflate(isServer: boolean, maxPayload: number, takeover: boolean): PerMessageDeflate {
  const perMessageDeflate = new PerMessageDeflate({ isServer, maxPayload, threshold: 0 });
  perMessageDeflate.accept([
    takeover ? {} : { server_no_context_takeover: [true], client_no_context_takeover: [true] },
  ]);
  return perMessageDeflate;
}

async function runOurs(
  conversation: Conversation,
  random: Random,
): Promise<{ outcome: Outcome; sent: { events: readonly string[]; code: number } }> {
  const { role, deflate, takeover, publicZlib, maxFragments } = conversation;
  const none: [string, string][] = [
    ['server_no_context_takeover', ''],
    ['client_no_context_takeover', ''],
  ];
  const socket = new Wire();
  const options = { perMessageDeflate: deflate && { threshold: random.pick([0, 1024]) }, maxFragments };
  const codecs = publicZlib ? publicCodecs : streamCodecs;
  const connection = {
    socket,
    head: Buffer.alloc(0),
    extensions: deflate ? [createExtension('permessage-deflate', takeover ? [] : none)] : [],
    isSecure: false,
    remoteAddress: undefined,
    closeTimeoutMs: 5000,
  };
  const transport =
    role === 'client'
      ? createClientEngine(options, codecs).open(connection)
      : createNativeEngine(options, codecs).accept({
          ...connection,
          key: 'dGhlIHNhbXBsZSBub25jZQ==',
          subprotocol: '',
          headers: [],
          maxMessageBytes: 0,
        });
  if (transport === undefined) throw new Error('the socket is gone');
  socket.written.length = 0;
  const listener = new Echo(transport, conversation, random);
  transport.open(listener);
  transport.resume();
  const closed = once(socket, 'close');
  for (const chunk of conversation.chunks) {
    socket.push(Buffer.from(chunk));
    if (random.chance(20)) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.push(null);
  await closed;
  if (listener.outcome === undefined) throw new Error('onClose was not called');
  // The buffers that were written are looked at only now, so that a region that was used twice would show.
  const { outcome: sent } = await read(socket.written, {
    isServer: role === 'client',
    deflate,
    takeover,
    maxBytes: 0,
    maxFragments: 0,
  });
  return { outcome: listener.outcome, sent };
}

/** Sends back every message, parts as parts. */
class Echo implements TransportListener {
  readonly textRule;
  readonly binaryRule;
  outcome: Outcome | undefined;
  readonly #events: string[] = [];
  #pings = 0;
  #parts: Buffer[] = [];

  constructor(
    private readonly transport: Transport,
    private readonly conversation: Conversation,
    private readonly random: Random,
  ) {
    const { inParts, maxBytes } = conversation;
    this.textRule = this.binaryRule = { inParts, maxBytes: maxBytes || 2 ** 30 };
  }

  onText(text: string, last: boolean): void {
    this.#part('text', Buffer.from(text), last);
    this.transport.sendText(text, last);
  }

  onBinary(data: Buffer, last: boolean): void {
    this.#part('binary', data, last);
    this.transport.sendBinary(data, last);
  }

  onPing(): void {
    this.#pings += 1;
    this.#perhapsPause();
  }

  onPong(data: Buffer): void {
    this.#record(`pong ${data.toString('hex')}`);
  }

  onClose(code: number, reason: string): void {
    if (this.outcome !== undefined) throw new Error('onClose was called twice');
    this.outcome = { events: this.#events, pings: this.#pings, code, reason };
  }

  onError(error: Error): void {
    if (error.name !== 'ProtocolViolation') throw error;
  }

  #part(type: string, data: Buffer, last: boolean): void {
    this.#parts.push(data);
    if (!last) return;
    this.#record(`${type} ${Buffer.concat(this.#parts).toString('hex')}`);
    this.#parts = [];
  }

  #record(event: string): void {
    if (this.outcome !== undefined) throw new Error(`${event} after onClose`);
    this.#events.push(event);
    this.#perhapsPause();
  }

  #perhapsPause(): void {
    if (!this.conversation.pauses || this.random.chance(50)) return;
    this.transport.pause();
    setImmediate(() => this.transport.resume());
  }
}

/** A socket without a network: what is pushed is received, what is written is kept. */
class Wire extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

// --- comparing --------------------------------------------------------------------------------------------------------

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && isPrefix(left, right);
}

function isPrefix(prefix: readonly string[], whole: readonly string[]): boolean {
  return prefix.every((event, index) => event === whole[index]);
}

function isMessage(event: string | undefined): boolean {
  return event?.startsWith('text') === true || event?.startsWith('binary') === true;
}

function describeCase({ chunks, marks, ...rest }: Conversation): string {
  const wire = Buffer.concat(chunks).toString('hex');
  return JSON.stringify({ ...rest, marks: [...marks], chunks: chunks.length, wire: wire.slice(0, 2000) });
}

function describe({ events, code, reason }: Outcome): string {
  return `${code} ${reason} ${JSON.stringify(events.map((event) => event.slice(0, 200)))}`;
}
