import { readOptions } from '@serval/api/spi';
import { connect as connectSocket } from 'node:net';
import { HeaderMap } from '@serval/protocol';
import { Deadline } from '../src/deadline';
import { HANDSHAKE_OPTIONS } from '../src/handshake-settings';
import { exchange } from '../src/http-exchange';
import { LiteralServer } from './literal-server';
import { afterTest, rejection } from '../../testing/test/toolbox';

describe('one request', () => {
  test.each(['on its own connection', 'through a tunnel'])(
    'with an invalid header value leaves nothing behind, %s',
    async (how) => {
      const server = await LiteralServer.start();
      const deadline = new Deadline(10_000, () => new Error('too late'));
      afterTest(() => deadline.clear());
      const headers = new HeaderMap();
      headers.add('Authorization', 'Digest username="s3cret\r\nX-Admin: 1"');
      const socket = connectSocket(server.port, '127.0.0.1').on('error', () => undefined);
      const tunnel = how === 'through a tunnel' ? { socket, via: 'http://proxy.example' } : undefined;
      const error = await rejection(
        exchange(
          { method: 'GET', to: new URL(server.url()), target: '/', headers, tls: {}, tunnel },
          { settings: readOptions(HANDSHAKE_OPTIONS, {}), deadline },
        ),
      );
      expect([error.name, error.code, error.message]).toEqual([
        'HandshakeException',
        'WS_CONNECT_IO',
        expect.stringMatching(/^(?!.*s3cret)ws:.*Invalid character in header content \["Authorization"\]\.$/),
      ]);
      if (tunnel === undefined) socket.destroy();
      expect(socket.destroyed).toBe(true);
      // A leftover socket would keep one of them.
      const last = connectSocket(server.port, '127.0.0.1');
      await new Promise((resolve) => last.on('connect', resolve));
      last.destroy();
      await server.deserted();
      expect(server.requests).toEqual([]);
    },
  );
});
