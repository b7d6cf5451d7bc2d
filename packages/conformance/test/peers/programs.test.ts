import { describeWithPeer, JDK_CLIENT, PYTHON_AUTOBAHN, PYTHON_WEBSOCKETS } from '.';
import type { Server } from 'serval';
import { startEchoServer } from '../../src/echo-server';
import { EchoCaller } from '../echo-caller';
import { changedByEcho, ECHO_TABLE, ECHO_TABLE_LINES } from '../echo-table';

// Peers that share no code with ours or with ws, in other languages.

const LIMIT_MS = 60_000;

let server: Server;
beforeAll(async () => {
  server = await startEchoServer(0, '127.0.0.1');
});
afterAll(() => server.stop({ grace: 0 }));

describeWithPeer(PYTHON_WEBSOCKETS, 'the websockets library of Python', () => {
  test(
    'as a client, gets every message back, without compression and with three kinds of it',
    async () => {
      const end = await PYTHON_WEBSOCKETS.run(['client', `ws://127.0.0.1:${server.port}/`], ECHO_TABLE_LINES);
      expect(end).toEqual({ code: 0, stdout: `${4 * ECHO_TABLE.length}\n`, stderr: '' });
    },
    LIMIT_MS,
  );

  test.each([
    ['deflate', true, ['permessage-deflate; server_max_window_bits=10; client_max_window_bits=10']],
    ['deflate', false, []],
    ['plain', true, []],
  ] as const)(
    'as a server (%s), brings every message back to a client whose perMessageDeflate is %s',
    async (compression, perMessageDeflate, extensions) => {
      const listening = await PYTHON_WEBSOCKETS.serve(['server', compression]);
      try {
        const caller = await EchoCaller.open(`ws://127.0.0.1:${listening.port}/`, { perMessageDeflate });
        expect(caller.extensions).toEqual(extensions);
        expect(await changedByEcho(caller.exchange)).toEqual([]);
        await caller.session.getBasicRemote().sendPing(Buffer.from('are you there'));
        expect(await caller.told.until(1)).toEqual(['pong are you there']);
        await caller.session.getBasicRemote().sendText('close');
        expect(await caller.told.closed()).toEqual(['pong are you there', 'close 4002 as you wish']);
      } finally {
        await listening.stop();
      }
    },
    LIMIT_MS,
  );
});

describeWithPeer(PYTHON_AUTOBAHN, 'the autobahn library of Python', () => {
  test(
    'as a client, gets every message back, whole and in fragments, without compression and with two kinds of it',
    async () => {
      const end = await PYTHON_AUTOBAHN.run([`ws://127.0.0.1:${server.port}/`], ECHO_TABLE_LINES);
      expect(end).toEqual({ code: 0, stdout: `${3 * 2 * ECHO_TABLE.length}\n`, stderr: '' });
    },
    LIMIT_MS,
  );
});

describeWithPeer(JDK_CLIENT, 'the client of java.net.http', () => {
  test(
    'gets every message back, a pong, and its close code',
    async () => {
      const end = await JDK_CLIENT.run([`ws://127.0.0.1:${server.port}/`], ECHO_TABLE_LINES);
      const stdout = `${ECHO_TABLE.length} messages, pong are you there\nclose 4001 enough\n`;
      expect(end).toEqual({ code: 0, stdout, stderr: '' });
    },
    LIMIT_MS,
  );
});
