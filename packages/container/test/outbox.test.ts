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
