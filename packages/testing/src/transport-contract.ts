import assert from 'node:assert/strict';
import type { Transport } from '@serval/api/spi';
import { RecordingListener, type RecordedEvent } from './recording-listener';

/** The other end of the transport under test. */
export interface ContractPeer {
  sendText(text: string, last: boolean): void;
  sendBinary(data: Uint8Array, last: boolean): void;
  ping(data: Uint8Array): void;
  pong(data: Uint8Array): void;
  close(code: number | undefined, reason: string): void;
  /** Ends the connection without a close frame. */
  drop(): void;
  /** Stops and starts reading. */
  pause(): void;
  resume(): void;
  /** The messages that the peer received, each whole. */
  readonly received: RecordingListener;
}

/** Opens a connection: a transport without a listener, and its peer. */
export type OpenConnection = () => Promise<{ readonly transport: Transport; readonly peer: ContractPeer }>;

/** One rule that every {@link Transport} follows. */
export interface ContractCase {
  readonly title: string;
  run(open: OpenConnection): Promise<void>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

async function start(
  open: OpenConnection,
  listener = new RecordingListener(),
): Promise<{
  transport: Transport;
  peer: ContractPeer;
  listener: RecordingListener;
}> {
  const { transport, peer } = await open();
  transport.open(listener);
  transport.resume();
  return { transport, peer, listener };
}

const text = (value: string): RecordedEvent => ({ kind: 'text', text: value, last: true });

/** The rules that the container relies on, for every transport. */
export const transportContract: readonly ContractCase[] = [
  {
    title: 'delivers text and binary messages whole and in order',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.sendText('one', true);
      peer.sendBinary(bytes(1, 2, 255), true);
      peer.sendText('', true);
      peer.sendText('zwei ✓ 𝄞', true);
      assert.deepEqual(await listener.until(4), [
        text('one'),
        { kind: 'binary', hex: '0102ff', last: true },
        text(''),
        text('zwei ✓ 𝄞'),
      ]);
    },
  },
  {
    title: 'joins the fragments of a message for a listener with inParts: false',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.sendText('he', false);
      peer.sendText('', false);
      peer.sendText('llo', true);
      assert.deepEqual(await listener.until(1), [text('hello')]);
    },
  },
  {
    title: 'delivers a message in parts, with the last one marked, for a listener with inParts: true',
    async run(open) {
      const listener = new RecordingListener();
      listener.textRule = { inParts: true, maxBytes: 1 };
      const { peer } = await start(open, listener);
      peer.sendText('he', false);
      peer.sendText('llo', true);
      peer.sendText('next', true);
      let last = 0;
      for (let count = 1; last < 2; count += 1) {
        const event = (await listener.until(count))[count - 1];
        assert.equal(event?.kind, 'text');
        if (event?.kind === 'text' && event.last) last += 1;
      }
      const joined = listener.events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
      assert.equal(joined, 'hellonext');
    },
  },
  {
    title: 'reads nothing before resume, and loses nothing that arrived earlier',
    async run(open) {
      const { transport, peer } = await open();
      const listener = new RecordingListener();
      transport.open(listener);
      peer.sendText('early', true);
      await turns();
      assert.deepEqual(listener.events, []);
      transport.resume();
      assert.deepEqual(await listener.until(1), [text('early')]);
    },
  },
  {
    title: 'sends text, binary and partial messages in call order',
    async run(open) {
      const { transport, peer } = await start(open);
      transport.sendText('a', true);
      transport.sendText('b', false);
      transport.ping(bytes());
      transport.sendText('c', true);
      transport.sendBinary(bytes(7), true);
      const events = await peer.received.until(3);
      assert.deepEqual(events, [text('a'), text('bc'), { kind: 'binary', hex: '07', last: true }]);
    },
  },
  {
    title: 'calls done once per send, after the call returns',
    async run(open) {
      const { transport } = await start(open);
      let returned = false;
      await new Promise<void>((resolve, reject) => {
        transport.sendText('hello', true, (error) => {
          if (error) reject(error);
          else if (!returned) reject(new Error('done was called from inside sendText'));
          else resolve();
        });
        returned = true;
      });
    },
  },
  {
    title: 'answers a ping with a pong of the same data, and calls onPing',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.ping(bytes(1, 2, 3));
      assert.deepEqual(await peer.received.until(1), [{ kind: 'pong', hex: '010203' }]);
      assert.equal(listener.pings, 1);
    },
  },
  {
    title: 'while paused, answers a ping behind a waiting message exactly once',
    async run(open) {
      const { transport, peer, listener } = await start(open);
      peer.sendText('one', true);
      await listener.until(1);
      transport.pause();
      peer.sendText('two', true);
      peer.ping(bytes(1));
      peer.sendBinary(new Uint8Array(2000), true);
      peer.ping(bytes(2));
      const pongs = [
        { kind: 'pong', hex: '01' },
        { kind: 'pong', hex: '02' },
      ];
      assert.deepEqual(await peer.received.until(2), pongs);
      assert.deepEqual([listener.events.length, listener.pings], [1, 2]);
      transport.resume();
      await listener.until(3);
      peer.ping(bytes(3));
      assert.deepEqual(await peer.received.until(3), [...pongs, { kind: 'pong', hex: '03' }]);
      assert.equal(listener.pings, 3);
    },
  },
  {
    title: 'calls onPong for a pong',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.pong(bytes(9));
      assert.deepEqual(await listener.until(1), [{ kind: 'pong', hex: '09' }]);
    },
  },
  {
    title: 'accepts a message of exactly maxBytes, and answers a larger one with 1009',
    async run(open) {
      const listener = new RecordingListener();
      listener.textRule = { inParts: false, maxBytes: 4 };
      const { peer } = await start(open, listener);
      peer.sendText('ää', true);
      peer.sendText('äää', true);
      assert.equal((await listener.closed()).code, 1009);
      assert.deepEqual(listener.events[0], text('ää'));
      assert.equal(listener.events.length, 2);
      assert.equal((await peer.received.closed()).code, 1009);
    },
  },
  {
    title: 'reads the limit again for each message, and separately for each type',
    async run(open) {
      const listener = new RecordingListener();
      listener.textRule = { inParts: false, maxBytes: 100 };
      listener.binaryRule = { inParts: false, maxBytes: 2 };
      const { peer } = await start(open, listener);
      peer.sendText('long enough', true);
      await listener.until(1);
      listener.binaryRule = { inParts: false, maxBytes: 3 };
      peer.sendBinary(bytes(1, 2, 3), true);
      assert.equal((await listener.until(2)).length, 2);
      listener.textRule = { inParts: false, maxBytes: 1 };
      peer.sendText('ab', true);
      assert.equal((await listener.closed()).code, 1009);
    },
  },
  {
    title: 'reports the code and reason of the peer’s close frame once, and answers it',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.close(4001, 'good bye ✓');
      assert.deepEqual(await listener.until(1), [{ kind: 'close', code: 4001, reason: 'good bye ✓' }]);
      assert.deepEqual(await peer.received.closed(), { code: 4001, reason: 'good bye ✓' });
    },
  },
  {
    title: 'calls onClosing after everything that the peer sent, and sends what the listener sends before it closes',
    async run(open) {
      const listener = new ClosingListener();
      const { transport, peer } = await start(open, listener);
      peer.sendText('one', true);
      peer.sendText('two', true);
      peer.close(4001, 'bye');
      assert.deepEqual(await listener.closing, { code: 4001, reason: 'bye' });
      assert.deepEqual(listener.events, [text('one'), text('two')]);
      transport.sendText('answer', true);
      await turns();
      assert.deepEqual(listener.events.length, 2);
      transport.close(4001, 'bye');
      assert.deepEqual(await peer.received.until(2), [text('answer'), { kind: 'close', code: 4001, reason: 'bye' }]);
      assert.deepEqual(await listener.closed(), { code: 4001, reason: 'bye' });
    },
  },
  {
    title: 'calls onClosing with the right code when the peer breaks a rule',
    async run(open) {
      const listener = new ClosingListener();
      listener.textRule = { inParts: false, maxBytes: 4 };
      const { transport, peer } = await start(open, listener);
      peer.sendText('one', true);
      peer.sendText('too long', true);
      peer.sendText('late', true);
      const { code, reason } = await listener.closing;
      assert.equal(code, 1009);
      transport.sendText('answer', true);
      transport.close(code, reason);
      assert.deepEqual((await peer.received.until(2))[0], text('answer'));
      assert.equal((await peer.received.closed()).code, 1009);
      assert.equal((await listener.closed()).code, 1009);
      assert.equal(listener.events.length, 2);
    },
  },
  {
    title: 'does not call onClosing after close',
    async run(open) {
      const listener = new ClosingListener();
      const { transport, peer } = await start(open, listener);
      transport.close(1001, 'going');
      await peer.received.closed();
      assert.equal((await listener.closed()).code, 1001);
      assert.equal(listener.closingCalls, 0);
    },
  },
  {
    title: 'reports the code of the peer’s close frame even if the connection is lost before the answer',
    async run(open) {
      const listener = new ClosingListener();
      const { transport, peer } = await start(open, listener);
      peer.close(4001, 'bye');
      await listener.closing;
      transport.terminate();
      assert.deepEqual(await listener.closed(), { code: 4001, reason: 'bye' });
    },
  },
  {
    title: 'calls onPeerLeaving once, even while messages of the peer wait',
    async run(open) {
      for (const leave of ['close', 'drop'] as const) {
        const listener = new LeavingListener();
        const { transport, peer } = await start(open, listener);
        peer.sendText('one', true);
        await listener.until(1);
        transport.pause();
        peer.sendText('two', true);
        if (leave === 'close') peer.close(4001, 'bye');
        else peer.drop();
        await listener.leaving;
        await turns();
        assert.deepEqual(listener.events, [text('one')]);
        transport.resume();
        assert.equal((await listener.closed()).code, leave === 'close' ? 4001 : 1006);
        assert.deepEqual([listener.events.length, listener.leavingCalls], [3, 1]);
        assert.equal(listener.close?.code, leave === 'close' ? 4001 : undefined);
      }
    },
  },
  {
    title: 'delivers messages that arrived before the connection was dropped, even if it was paused',
    async run(open) {
      const { transport, peer, listener } = await start(open);
      peer.sendText('one', true);
      await listener.until(1);
      transport.pause();
      for (const word of ['two', 'three']) peer.sendText(word, true);
      await turns();
      peer.drop();
      await turns();
      assert.equal(listener.events.length, 1);
      transport.resume();
      await listener.closed();
      assert.deepEqual(listener.events, [
        ...['one', 'two', 'three'].map(text),
        { kind: 'close', code: 1006, reason: '' },
      ]);
    },
  },
  {
    title: 'reports an empty close frame as 1005',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.close(undefined, '');
      assert.deepEqual(await listener.until(1), [{ kind: 'close', code: 1005, reason: '' }]);
    },
  },
  {
    title: 'sends the close frame after earlier messages, and calls onClose once',
    async run(open) {
      const { transport, peer, listener } = await start(open);
      transport.sendText('last words', true);
      transport.close(1001, 'going');
      transport.close(1002, 'a second close does nothing');
      assert.deepEqual(await peer.received.until(2), [
        text('last words'),
        { kind: 'close', code: 1001, reason: 'going' },
      ]);
      await listener.closed();
      assert.equal(listener.events.length, 1);
    },
  },
  {
    title: 'closes while paused',
    async run(open) {
      const { transport, peer, listener } = await start(open);
      transport.pause();
      transport.close(1000, '');
      assert.equal((await peer.received.closed()).code, 1000);
      await listener.closed();
    },
  },
  {
    title: 'reports 1006 when the connection ends without a close frame',
    async run(open) {
      const { peer, listener } = await start(open);
      peer.drop();
      assert.equal((await listener.closed()).code, 1006);
      assert.equal(listener.events.length, 1);
    },
  },
  {
    title: 'reports 1006 after terminate, and passes an error to done for a later send',
    async run(open) {
      const { transport, listener } = await start(open);
      transport.terminate();
      assert.equal((await listener.closed()).code, 1006);
      const error = await new Promise<unknown>((resolve) => transport.sendText('too late', true, resolve));
      assert.ok(error instanceof Error);
      transport.close(1000, '');
      transport.terminate();
      transport.pause();
      transport.resume();
    },
  },
  {
    title: 'counts unwritten bytes while the peer does not read, and calls every done when the connection ends',
    async run(open) {
      const { transport, peer } = await start(open);
      peer.pause();
      const chunk = new Uint8Array(1024 * 1024);
      const settled: Promise<void>[] = [];
      for (let count = 0; count < 16; count += 1) {
        settled.push(new Promise((resolve) => transport.sendBinary(chunk, true, () => resolve())));
      }
      assert.ok(transport.bufferedBytes > 1024 * 1024, `bufferedBytes is ${transport.bufferedBytes}`);
      transport.terminate();
      await Promise.all(settled);
    },
  },
  {
    title: 'increases progress with each part of an unfinished message',
    async run(open) {
      const { transport, peer, listener } = await start(open);
      if (!(await tellsProgress(transport, peer, listener))) return;
      for (let part = 0; part < 3; part += 1) {
        const before = transport.progress;
        peer.sendText('part', false);
        while (transport.progress <= before) await turns();
      }
      assert.deepEqual(listener.events, [text('whole')]);
    },
  },
  {
    title: 'increases progress while the peer reads a message',
    async run(open) {
      const { transport, peer, listener } = await start(open);
      if (!(await tellsProgress(transport, peer, listener))) return;
      peer.pause();
      const written = new Promise((resolve) => transport.sendBinary(new Uint8Array(16 * 1024 * 1024), true, resolve));
      await turns();
      const before = transport.progress;
      peer.resume();
      while (transport.progress <= before) await turns();
      await written;
    },
  },
];

/** A listener that leaves the answer to a close to the test. */
class ClosingListener extends RecordingListener {
  closingCalls = 0;
  #tell: (close: { readonly code: number; readonly reason: string }) => void = () => undefined;
  readonly closing = new Promise<{ readonly code: number; readonly reason: string }>((tell) => (this.#tell = tell));

  onClosing(code: number, reason: string): void {
    this.closingCalls += 1;
    this.#tell({ code, reason });
  }
}

class LeavingListener extends RecordingListener {
  leavingCalls = 0;
  #tell: () => void = () => undefined;
  readonly leaving = new Promise<void>((tell) => (this.#tell = tell));

  /** The argument of the call. */
  close: { readonly code: number } | undefined;

  onPeerLeaving(close?: { readonly code: number }): void {
    this.close = close;
    this.leavingCalls += 1;
    this.#tell();
  }
}

/** Whether the transport reports progress; one over HTTP/2 does not. */
async function tellsProgress(transport: Transport, peer: ContractPeer, listener: RecordingListener): Promise<boolean> {
  peer.sendText('whole', true);
  await listener.until(1);
  return transport.progress !== 0;
}

/** Waits until everything under way in this process, sockets included, has arrived. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
