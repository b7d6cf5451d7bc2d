import { SendDroppedException, SocketTimeoutException } from '@serval/api';
import type { SendCallback } from '@serval/api/spi';
import { Outbox, type OutboxHost } from '../src/outbox';

/** A transport that writes a message when the test says so. */
class SlowTransport {
  readonly sent: (string | Uint8Array)[] = [];
  readonly #unwritten: { readonly bytes: number; readonly done: SendCallback | undefined }[] = [];
  bufferedBytes = 0;

  sendText = (text: string, _last: boolean, done?: SendCallback): void => this.#take(text, text.length, done);
  sendBinary = (data: Uint8Array, _last: boolean, done?: SendCallback): void => this.#take(data, data.length, done);
  ping = (data: Uint8Array, done?: SendCallback): void => this.#take(data, data.length, done);
  pong = this.ping;

  write(count = 1): void {
    for (const { bytes, done } of this.#unwritten.splice(0, count)) {
      this.bufferedBytes -= bytes;
      done?.();
    }
  }

  #take(message: string | Uint8Array, bytes: number, done: SendCallback | undefined): void {
    this.sent.push(message);
    this.bufferedBytes += bytes;
    this.#unwritten.push({ bytes, done });
  }
}

const SETTINGS: OutboxHost['settings'] = {
  concurrentSends: 'queue',
  maxQueuedBytes: 1_000_000,
  maxQueuedMessages: 100,
  maxQueueTime: 0,
  queueOverflow: 'close',
  streamBufferSize: 8192,
};
const LARGE = '#'.repeat(60_000);

function outboxWith(options: Partial<OutboxHost['settings']> = {}) {
  const transport = new SlowTransport();
  const seen: string[] = [];
  const host: OutboxHost = {
    transport,
    settings: { ...SETTINGS, ...options },
    limits: { blockingTimeoutMs: Infinity, wrote: () => undefined },
    life: { canSend: true, abandon: (_limit, phrase) => seen.push(phrase), refuseSlowPeer: () => seen.push('refused') },
    traffic: undefined,
    sendDropped: () => seen.push('dropped'),
    sendRefused: () => undefined,
  };
  return { outbox: new Outbox(host), transport, seen };
}

test('a send returns undefined while little data waits, and a promise beyond that', async () => {
  const { outbox, transport } = outboxWith();
  expect(outbox.sendText(LARGE, Infinity)).toBeUndefined();
  const second = outbox.sendText('second', Infinity);
  expect(second).toBeUndefined();
  const third = outbox.sendText(LARGE, Infinity);
  expect(third).toBeInstanceOf(Promise);
  transport.write(3);
  await third;
  expect(transport.sent).toEqual([LARGE, 'second', LARGE]);
});

test('passes queued messages to the transport in order, as it writes', async () => {
  const { outbox, transport } = outboxWith();
  const sends = [LARGE, LARGE, 'a', 'b', 'c'].map((text) => outbox.sendText(text, Infinity) ?? Promise.resolve());
  expect(transport.sent).toEqual([LARGE, LARGE]);
  transport.write(2);
  transport.write(3);
  await Promise.all(sends);
  expect(transport.sent).toEqual([LARGE, LARGE, 'a', 'b', 'c']);
});

test('drop-oldest drops the oldest queued message and keeps the newest', async () => {
  const { outbox, transport, seen } = outboxWith({ queueOverflow: 'drop-oldest', maxQueuedMessages: 2 });
  const sends = [LARGE, LARGE, 'a', 'b', 'c'].map((text) => outbox.sendText(text, Infinity));
  await expect(sends[2]).rejects.toThrow(SendDroppedException);
  expect(seen).toEqual(['dropped']);
  transport.write(2);
  transport.write(2);
  await Promise.all([sends[3], sends[4]]);
  expect(transport.sent).toEqual([LARGE, LARGE, 'b', 'c']);
});

test('a full queue ends the session when queueOverflow is close', async () => {
  const { outbox, seen } = outboxWith({ maxQueuedMessages: 1 });
  const sends = [LARGE, LARGE, 'a', 'b'].map((text) => outbox.sendText(text, Infinity));
  await expect(sends[3]).rejects.toThrow('its session is closed');
  expect(seen).toEqual(['refused']);
});

test('a send that times out rejects and ends the session', async () => {
  const { outbox, seen } = outboxWith();
  void outbox.sendText(LARGE, Infinity);
  await expect(outbox.sendText(LARGE, 5)).rejects.toThrow(SocketTimeoutException);
  expect(seen).toEqual(['A message was not sent within the send timeout.']);
});

test('flush sends a batch in order, and returns no promise', () => {
  const { outbox, transport } = outboxWith();
  void outbox.setBatching(true);
  for (const text of ['a', 'b']) expect(outbox.sendText(text, Infinity)).toBeUndefined();
  expect(transport.sent).toEqual([]);
  expect(outbox.flush(Infinity)).toBeUndefined();
  expect(transport.sent).toEqual(['a', 'b']);
});

describe('a message with a key', () => {
  /** Two large messages are with the transport; everything after them waits in the queue. */
  function stalled(options: Partial<OutboxHost['settings']> = {}) {
    const made = outboxWith(options);
    for (const text of [LARGE, LARGE]) void made.outbox.sendText(text, Infinity);
    return made;
  }

  test('replaces the waiting one with the same key, and keeps its place', async () => {
    const { outbox, transport } = stalled();
    const sends = [
      outbox.sendLatest('tea 1', 'tea', Infinity),
      outbox.sendText('plain', Infinity),
      outbox.sendLatest('milk 1', 'milk', Infinity),
      outbox.sendLatest('tea 2', 'tea', Infinity),
      outbox.sendLatest(Buffer.from('tea 3'), 'tea', Infinity),
    ];
    transport.write(2);
    transport.write(3);
    for (const send of sends) await send;
    expect(transport.sent.slice(2).map(String)).toEqual(['tea 3', 'plain', 'milk 1']);
  });

  test('settles the promises of the replaced messages with its own', async () => {
    const { outbox, transport } = stalled();
    const first = outbox.sendLatest('1', 'tea', Infinity);
    const second = outbox.sendLatest('2', 'tea', Infinity);
    expect(second).toBe(first);
    outbox.end();
    await expect(first).rejects.toThrow('the session is closed');
    expect(transport.sent).not.toContain('2');
  });

  test('is not replaced once the transport has it', async () => {
    const { outbox, transport } = stalled();
    void outbox.sendLatest('1', 'tea', Infinity);
    transport.write(2);
    void outbox.sendLatest('2', 'tea', Infinity);
    transport.write(2);
    expect(transport.sent.slice(2)).toEqual(['1', '2']);
  });

  test('counts once for maxQueuedMessages, and with its own size for maxQueuedBytes', async () => {
    const { outbox, seen } = stalled({ maxQueuedMessages: 1, maxQueuedBytes: 200_000, queueOverflow: 'drop-newest' });
    const first = outbox.sendLatest('1', 'tea', Infinity);
    for (let price = 0; price < 1000; price += 1) void outbox.sendLatest(String(price), 'tea', Infinity);
    expect([outbox.waitingMessages, outbox.queuedBytes, seen]).toEqual([2, 3, []]);
    await expect(outbox.sendLatest('#'.repeat(200_000), 'tea', Infinity)).rejects.toThrow(SendDroppedException);
    expect([outbox.waitingMessages, outbox.queuedBytes]).toEqual([2, 3]);
    await expect(outbox.sendLatest('2', 'milk', Infinity)).rejects.toThrow(SendDroppedException);
    outbox.end();
    await expect(first).rejects.toThrow('the session is closed');
  });

  test('that grows drops the oldest ones with drop-oldest, and keeps its place even if it was the oldest', async () => {
    const { outbox, transport } = stalled({ maxQueuedBytes: 200_000, queueOverflow: 'drop-oldest' });
    const first = outbox.sendLatest('1', 'tea', Infinity);
    const other = outbox.sendText('milk', Infinity);
    const next = outbox.sendLatest('#'.repeat(150_000), 'tea', Infinity);
    await expect(other).rejects.toThrow(SendDroppedException);
    transport.write(2);
    transport.write(1);
    await Promise.all([first, next]);
    expect(transport.sent.slice(2).map(({ length }) => length)).toEqual([150_000]);
    expect(outbox.queuedBytes).toBe(0);
  });

  test('keeps the time limits of the one that it replaces', async () => {
    jest.useFakeTimers();
    const { outbox, seen } = stalled({ maxQueueTime: 1000, queueOverflow: 'close' });
    const sends = [outbox.sendLatest('1', 'tea', Infinity)];
    for (let passed = 0; passed < 1000; passed += 250) {
      jest.advanceTimersByTime(250);
      sends.push(outbox.sendLatest(`at ${passed}`, 'tea', Infinity));
    }
    jest.useRealTimers();
    expect(seen).toEqual(['refused']);
    outbox.end();
    await Promise.allSettled(sends.map(async (send) => send));
  });
});
