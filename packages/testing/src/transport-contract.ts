import assert from 'node:assert/strict';
import type { Transport } from '@serval/api/spi';
import { closingContract } from './closing-contract';
import { bytes, start, text, turns, type ContractCase, type ContractPeer } from './contract-case';
import { RecordingListener } from './recording-listener';

/** The rules that the container relies on, for every transport. */
export const transportContract: readonly ContractCase[] = [
  {
    title: 'delivers text and binary messages whole and in order',
    needs: ['binary'],
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
    title: 'delivers text messages whole and in order',
    async run(open) {
      const { peer, listener } = await start(open);
      const texts = ['one', '', 'zwei ✓ 𝄞', ' \u2028</script>\r\n'];
      for (const one of texts) peer.sendText(one, true);
      assert.deepEqual(await listener.until(4), texts.map(text));
    },
  },
  {
    title: 'joins the fragments of a message for a listener with inParts: false',
    needs: ['fragments'],
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
    needs: ['fragments'],
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
    needs: ['binary'],
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
    title: 'sends text and partial messages in call order',
    async run(open) {
      const { transport, peer } = await start(open);
      transport.sendText('a ✓', true);
      transport.sendText('b', false);
      transport.sendText('', false);
      transport.sendText('c', true);
      transport.sendText('', true);
      assert.deepEqual(await peer.received.until(3), [text('a ✓'), text('bc'), text('')]);
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
    needs: ['pings'],
    async run(open) {
      const { peer, listener } = await start(open);
      peer.ping(bytes(1, 2, 3));
      assert.deepEqual(await peer.received.until(1), [{ kind: 'pong', hex: '010203' }]);
      assert.equal(listener.pings, 1);
    },
  },
  {
    title: 'while paused, answers a ping behind a waiting message exactly once',
    needs: ['pings', 'binary'],
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
    needs: ['pings'],
    async run(open) {
      const { peer, listener } = await start(open);
      peer.pong(bytes(9));
      assert.deepEqual(await listener.until(1), [{ kind: 'pong', hex: '09' }]);
    },
  },
  {
    title: 'accepts a message of exactly maxBytes, and answers a larger one with 1009',
    needs: ['close codes'],
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
    needs: ['binary'],
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
    title: 'counts unwritten bytes while the peer does not read, and calls every done when the connection ends',
    async run(open) {
      const { transport, peer } = await start(open);
      peer.pause();
      const chunk = 'x'.repeat(1024 * 1024);
      const settled: Promise<void>[] = [];
      for (let count = 0; count < 16; count += 1) {
        settled.push(new Promise((resolve) => transport.sendText(chunk, true, () => resolve())));
      }
      assert.ok(transport.bufferedBytes > 1024 * 1024, `bufferedBytes is ${transport.bufferedBytes}`);
      transport.terminate();
      await Promise.all(settled);
    },
  },
  {
    title: 'increases progress with each part of an unfinished message',
    needs: ['fragments'],
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
      const written = new Promise((resolve) => transport.sendText('x'.repeat(16 * 1024 * 1024), true, resolve));
      await turns();
      const before = transport.progress;
      peer.resume();
      while (transport.progress <= before) await turns();
      await written;
    },
  },
  ...closingContract,
];

/** Whether the transport reports progress; one over HTTP/2 does not. */
async function tellsProgress(transport: Transport, peer: ContractPeer, listener: RecordingListener): Promise<boolean> {
  peer.sendText('whole', true);
  await listener.until(1);
  return transport.progress !== 0;
}
