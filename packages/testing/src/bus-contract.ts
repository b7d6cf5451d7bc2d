import assert from 'node:assert/strict';
import type { Bus, BusStreams, BusSubscriber } from '@serval/api/spi';

/** Three nodes of one engine that is new and reliable. */
export interface BusNodes {
  readonly one: Bus;
  readonly two: Bus;
  readonly three: Bus;
  /** Ends node three, as its own `close` or its death does. */
  endThree(): void | Promise<void>;
}

/** Opens the nodes, once they know of each other. */
export type OpenBus = () => Promise<BusNodes>;

/** One rule that every {@link Bus} follows. */
export interface BusContractCase {
  readonly title: string;
  /** Whether it applies to buses with streams only. */
  readonly needsStreams?: boolean;
  run(open: OpenBus): Promise<void>;
}

const CHANNEL = 'serval.contract';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const textOf = (message: Uint8Array): string => Buffer.from(message).toString();

/** Keeps what it gets, and waits for it. */
class Recorder implements BusSubscriber {
  readonly messages: string[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  onMessage(message: Uint8Array, from: string): void {
    this.messages.push(`${from}: ${textOf(message)}`);
    for (const { count, resolve } of this.#waiting) if (this.messages.length >= count) resolve();
  }

  async until(count: number): Promise<readonly string[]> {
    if (this.messages.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.messages;
  }
}

async function subscribed(bus: Bus, channel = CHANNEL): Promise<Recorder> {
  const recorder = new Recorder();
  await bus.subscribe(channel, recorder).ready;
  return recorder;
}

/** The rules that selections rely on, for every bus whose engine is well. */
export const busContract: readonly BusContractCase[] = [
  {
    title: 'gives its nodes different names',
    async run(open) {
      const { one, two, three } = await open();
      assert.equal(new Set([one.node, two.node, three.node]).size, 3);
      assert.equal(one.isAlone, false);
    },
  },
  {
    title: 'delivers a message to the subscribers of its channel at every other node, and not at its own',
    async run(open) {
      const { one, two, three } = await open();
      const [own, first, second, third] = [
        await subscribed(one),
        await subscribed(two),
        await subscribed(two),
        await subscribed(three),
      ];
      const elsewhere = await subscribed(two, 'serval.other');
      await one.publish(CHANNEL, bytes('hello'));
      await two.publish(CHANNEL, bytes('back'));
      for (const recorder of [first, second]) assert.deepEqual(await recorder.until(1), [`${one.node}: hello`]);
      assert.deepEqual([...(await third.until(2))].sort(), [`${one.node}: hello`, `${two.node}: back`].sort());
      assert.deepEqual(await own.until(1), [`${two.node}: back`]);
      assert.deepEqual(elsewhere.messages, []);
    },
  },
  {
    title: 'delivers the messages of one node in order, each once, also empty and large ones',
    async run(open) {
      const { one, two } = await open();
      const recorder = await subscribed(two);
      const large = 'x'.repeat(100_000);
      const texts = ['', large, ...Array.from({ length: 200 }, (_, index) => `message ${index}`)];
      await Promise.all(texts.map(async (text) => one.publish(CHANNEL, bytes(text))));
      assert.deepEqual(
        await recorder.until(texts.length),
        texts.map((text) => `${one.node}: ${text}`),
      );
    },
  },
  {
    title: 'delivers in a later turn, and a copy of the bytes',
    async run(open) {
      const { one, two } = await open();
      const message = bytes('hello');
      const received: Uint8Array[] = [];
      let resolve = (): void => undefined;
      const arrived = new Promise<void>((resolved) => (resolve = resolved));
      const subscription = two.subscribe(CHANNEL, {
        onMessage(data) {
          received.push(data);
          resolve();
        },
      });
      await subscription.ready;
      const publishing = one.publish(CHANNEL, message);
      assert.equal(received.length, 0);
      await publishing;
      await arrived;
      const [copy] = received;
      assert.ok(copy !== undefined && copy.buffer !== message.buffer);
      assert.equal(textOf(copy), 'hello');
    },
  },
  {
    title: 'delivers nothing after a subscription is closed',
    async run(open) {
      const { one, two } = await open();
      const closed = new Recorder();
      const subscription = two.subscribe(CHANNEL, closed);
      await subscription.ready;
      subscription.close();
      const other = await subscribed(two);
      await one.publish(CHANNEL, bytes('late'));
      await other.until(1);
      assert.deepEqual(closed.messages, []);
    },
  },
  {
    title: 'collects the answers of the other nodes, and names those that gave none',
    async run(open) {
      const { one, two, three } = await open();
      await two.subscribe(CHANNEL, {
        onMessage() {},
        onRequest: async (message, from) => bytes(`${textOf(message)} ${from === one.node}`),
      }).ready;
      await three.subscribe(CHANNEL, { onMessage() {}, onRequest: async () => Promise.reject(new Error('busy')) })
        .ready;
      await one.subscribe(CHANNEL, { onMessage() {}, onRequest: async () => bytes('my own') }).ready;
      const { answers, missing } = await one.request(CHANNEL, bytes('who'), { timeoutMs: 10_000 });
      assert.deepEqual(
        [...answers].map(([node, answer]) => [node, textOf(answer)]),
        [[two.node, 'who true']],
      );
      assert.deepEqual(missing, [three.node]);
    },
  },
  {
    title: 'waits no longer for answers than the time limit, and not at all for nodes without a subscriber',
    async run(open) {
      const { one, two, three } = await open();
      const began = performance.now();
      const nobody = await one.request('serval.unknown', bytes('who'), { timeoutMs: 60_000 });
      assert.ok(performance.now() - began < 30_000);
      assert.deepEqual([nobody.answers.size, [...nobody.missing].sort()], [0, [two.node, three.node].sort()]);
      await two.subscribe(CHANNEL, { onMessage() {}, onRequest: () => new Promise(() => undefined) }).ready;
      const late = await one.request(CHANNEL, bytes('who'), { timeoutMs: 50 });
      assert.deepEqual([...late.missing].sort(), [two.node, three.node].sort());
    },
  },
  {
    title: 'tells of the nodes that are there, and of one that leaves',
    async run(open) {
      const nodes = await open();
      const { one, two, three } = nodes;
      const events: string[] = [];
      let resolve = (): void => undefined;
      const left = new Promise<void>((resolved) => (resolve = resolved));
      const watch = one.watchNodes({
        onJoined: (node) => void events.push(`joined ${node}`),
        onLeft(node) {
          events.push(`left ${node}`);
          resolve();
        },
      });
      assert.deepEqual(events, []);
      await watch.ready;
      await one.request('serval.unknown', bytes('a turn'), { timeoutMs: 10_000 });
      assert.deepEqual([...events].sort(), [`joined ${two.node}`, `joined ${three.node}`].sort());
      await nodes.endThree();
      await left;
      assert.equal(events.at(-1), `left ${three.node}`);
      const { missing } = await one.request('serval.unknown', bytes('who'), { timeoutMs: 10_000 });
      assert.deepEqual(missing, [two.node]);
    },
  },
  {
    title: 'keeps a stream: each node reads what another appended, behind a position',
    needsStreams: true,
    async run(open) {
      const { one, two } = await open();
      const [writer, reader] = [streamsOf(one), streamsOf(two)];
      const retention = { maxEntries: 1000, maxAgeMs: 60_000 };
      const first = await writer.append('s', bytes('a'), retention);
      assert.equal(first.offset, 1);
      for (const text of ['b', 'c', 'd']) await writer.append('s', bytes(text), retention);
      const read = await reader.read('s', first, 2);
      assert.deepEqual(
        read.entries.map(({ offset, message }) => `${offset} ${textOf(message)}`),
        ['2 b', '3 c'],
      );
      assert.deepEqual([read.newest, read.isComplete], [{ epoch: first.epoch, offset: 4 }, true]);
      assert.equal((await reader.read('s', undefined, 10)).entries.length, 4);
      const other = await reader.read('s', { epoch: 'another', offset: 3 }, 10);
      assert.deepEqual([other.isComplete, other.entries.length], [false, 4]);
    },
  },
];

function streamsOf({ streams }: Bus): BusStreams {
  assert.ok(streams);
  return streams;
}
