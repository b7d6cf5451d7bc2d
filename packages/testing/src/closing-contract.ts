import assert from 'node:assert/strict';
import { start, text, turns, type ContractCase, type ContractPeer, type OpenConnection } from './contract-case';
import { RecordingListener } from './recording-listener';

/** The rules for the end of a connection. */
export const closingContract: readonly ContractCase[] = [
  {
    title: 'reports the code and reason of the peer’s close frame once, and answers it',
    needs: ['close frames'],
    async run(open) {
      const { peer, listener } = await start(open);
      peer.close(4001, 'good bye ✓');
      assert.deepEqual(await listener.until(1), [{ kind: 'close', code: 4001, reason: 'good bye ✓' }]);
      assert.deepEqual(await peer.received.closed(), { code: 4001, reason: 'good bye ✓' });
    },
  },
  {
    title: 'calls onClosing after everything that the peer sent, and sends what the listener sends before it closes',
    needs: ['close frames'],
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
    needs: ['close codes'],
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
    needs: ['close codes'],
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
    needs: ['close frames'],
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
    title: 'calls onPeerLeaving once for a close frame, even while messages of the peer wait',
    needs: ['close frames'],
    run: (open) => leaves(open, (peer) => peer.close(4001, 'bye'), 4001),
  },
  {
    title: 'calls onPeerLeaving once for a lost connection, even while messages of the peer wait',
    run: (open) => leaves(open, (peer) => peer.drop(), undefined),
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
    needs: ['close frames'],
    async run(open) {
      const { peer, listener } = await start(open);
      peer.close(undefined, '');
      assert.deepEqual(await listener.until(1), [{ kind: 'close', code: 1005, reason: '' }]);
    },
  },
  {
    title: 'sends the close frame after earlier messages, and calls onClose once',
    needs: ['close codes'],
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
    needs: ['close codes'],
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
];

async function leaves(
  open: OpenConnection,
  leave: (peer: ContractPeer) => void,
  code: number | undefined,
): Promise<void> {
  const listener = new LeavingListener();
  const { transport, peer } = await start(open, listener);
  peer.sendText('one', true);
  await listener.until(1);
  transport.pause();
  peer.sendText('two', true);
  leave(peer);
  await listener.leaving;
  await turns();
  assert.deepEqual(listener.events, [text('one')]);
  transport.resume();
  assert.equal((await listener.closed()).code, code ?? 1006);
  assert.deepEqual([listener.events.length, listener.leavingCalls], [3, 1]);
  assert.equal(listener.close?.code, code);
}

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
