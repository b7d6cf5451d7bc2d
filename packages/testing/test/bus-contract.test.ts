import type { Bus } from '@serval/api/spi';
import { busContract, MemoryBusEngine, type BusFaults, type OpenBus } from '../src';
import { rejection } from './toolbox';

const openMemory: OpenBus = async () => {
  const engine = new MemoryBusEngine();
  const [one, two, three] = [engine.connect(), engine.connect(), engine.connect()];
  await engine.settled();
  return { one, two, three, endThree: () => three.close() };
};

describe('the bus in memory', () => {
  test.each(busContract)('$title', ({ run }) => run(openMemory));
});

describe('the bus in memory, with faults', () => {
  const CHANNEL = 'numbers';

  /** Publishes 1 to 500 under the faults, and a last message without. */
  async function numbersUnder(faults: BusFaults): Promise<{ arrived: number[]; lost: number }> {
    const engine = new MemoryBusEngine(7);
    const [one, other] = [engine.connect('one'), engine.connect('other')];
    const arrived: number[] = [];
    let lost = 0;
    other.subscribe(CHANNEL, {
      onMessage: ([high = 0, low = 0]) => void arrived.push(high * 256 + low),
      onLoss: (_from, messages) => void (lost += messages),
    });
    const publish = (number: number): void => void one.publish(CHANNEL, Uint8Array.of(number >> 8, number & 255));
    publish(0);
    await engine.settled();
    engine.setFaults(faults);
    for (let number = 1; number <= 500; number += 1) publish(number);
    await engine.settled();
    engine.setFaults({});
    publish(501);
    await engine.settled();
    return { arrived, lost };
  }

  test.each<[string, BusFaults]>([
    ['loses', { loss: 0.1 }],
    ['reorders', { reordering: 0.2 }],
    ['does everything', { loss: 0.05, reordering: 0.1, repetition: 0.1 }],
  ])('delivers in order and counts every message that is missing, if the engine %s', async (_title, faults) => {
    const { arrived, lost } = await numbersUnder(faults);
    expect(arrived).toEqual([...new Set(arrived)].sort((one, other) => one - other));
    expect(lost).toBeGreaterThan(10);
    expect(arrived.length + lost).toBe(502);
  });

  test('delivers each message once, if the engine repeats', async () => {
    expect(await numbersUnder({ repetition: 0.3 })).toEqual({
      arrived: Array.from({ length: 502 }, (_, number) => number),
      lost: 0,
    });
  });

  test('delays messages, and keeps their order', async () => {
    const { arrived, lost } = await numbersUnder({ delayMs: 0.1 });
    expect([arrived.length, lost]).toEqual([502, 0]);
    expect(arrived).toEqual([...arrived].sort((one, other) => one - other));
  });

  test('rejects the calls of a node that is cut off, tells the others, and counts the loss later', async () => {
    const engine = new MemoryBusEngine();
    const [one, other] = [engine.connect('one'), engine.connect('other')];
    const events: string[] = [];
    const watch = (bus: Bus): void =>
      void bus.watchNodes({
        onJoined: (node) => void events.push(`${bus.node}: ${node} joined`),
        onLeft: (node) => void events.push(`${bus.node}: ${node} left`),
      });
    watch(one);
    watch(other);
    const received: string[] = [];
    other.subscribe(CHANNEL, {
      onMessage: (message) => void received.push(Buffer.from(message).toString()),
      onLoss: (from, messages) => void received.push(`${messages} of ${from}`),
    });
    void one.publish(CHANNEL, Buffer.from('before'));
    await engine.settled();
    engine.cut('one');
    const away = 'Node one is cut off from the engine of the bus.';
    expect((await rejection(Promise.resolve(one.publish(CHANNEL, Buffer.from('lost'))))).message).toBe(away);
    expect((await rejection(one.request(CHANNEL, Buffer.of(), { timeoutMs: 1000 }))).message).toBe(away);
    expect(await other.request(CHANNEL, Buffer.of(), { timeoutMs: 1000 })).toEqual({ answers: new Map(), missing: [] });
    engine.reconnect('one');
    void one.publish(CHANNEL, Buffer.from('after'));
    await engine.settled();
    expect(received).toEqual(['before', '1 of one', 'after']);
    expect(events).toEqual([
      'one: other joined',
      'other: one joined',
      'other: one left',
      'one: other left',
      'one: other joined',
      'other: one joined',
    ]);
  });

  test('streams have another epoch after a loss, and say what was removed', async () => {
    const engine = new MemoryBusEngine();
    const { streams } = engine.connect();
    const retention = { maxEntries: 2, maxAgeMs: 60_000 };
    for (const text of ['a', 'b', 'c']) await streams.append('s', Buffer.from(text), retention);
    const all = await streams.read('s', undefined, 10);
    expect([all.entries.map(({ offset }) => offset), all.isComplete]).toEqual([[2, 3], false]);
    expect((await streams.read('s', { ...all.newest, offset: 1 }, 10)).isComplete).toBe(true);
    engine.loseStreams();
    const { epoch, offset } = await streams.append('s', Buffer.from('d'), retention);
    expect([epoch === all.newest.epoch, offset]).toEqual([false, 1]);
    expect(await streams.read('s', all.newest, 10)).toMatchObject({ isComplete: false, newest: { epoch, offset: 1 } });
  });
});
