import { describeWithPeer, ForwardProxy } from '.';
import { HandshakeException, OnMessage, Server, ServerEndpoint } from 'serval';
import { startEchoServer } from '../../src/echo-server';
import { failureOf } from '../application';
import { EchoCaller, type CallOptions } from '../echo-caller';
import { changedByEcho } from '../echo-table';
import { LOCALHOST } from '../localhost';

// Our client, squid, our server.

@ServerEndpoint('/secure')
class Secure {
  @OnMessage
  text(message: string): string {
    return message;
  }
}

const USER = { username: 'ann', password: 'correct horse' };

describeWithPeer(ForwardProxy, 'squid between our client and our server', () => {
  let plain: Server;
  let secure: Server;
  let forbidden: Server;
  beforeAll(async () => {
    plain = await startEchoServer(0, '127.0.0.1');
    forbidden = await startEchoServer(0, '127.0.0.1');
    secure = await new Server({ host: '127.0.0.1', endpoints: [Secure], tls: LOCALHOST }).start();
  });
  afterAll(() => Promise.all([plain, forbidden, secure].map((server) => server.stop({ grace: 0 }))));

  describe.each(['basic', 'digest'] as const)('by %s', (scheme) => {
    let proxy: ForwardProxy;
    beforeAll(async () => {
      proxy = await ForwardProxy.start({ scheme, ...USER, ports: [plain.port, secure.port] });
    });
    afterAll(() => proxy?.stop());

    const through = (options: CallOptions = {}): CallOptions => ({
      proxy: { uri: `http://127.0.0.1:${proxy.port}`, credentials: USER },
      ...options,
    });

    test.each([false, true])('echoes every message over ws: (perMessageDeflate: %s)', async (perMessageDeflate) => {
      const caller = await EchoCaller.open(`ws://127.0.0.1:${plain.port}/`, through({ perMessageDeflate }));
      expect(caller.extensions).toEqual(perMessageDeflate ? ['permessage-deflate'] : []);
      expect(await changedByEcho(caller.exchange)).toEqual([]);
      await caller.session.close();
      expect(await caller.told.closed()).toEqual(['close 1000']);
    });

    test('TLS with the server begins inside the tunnel, and verifies the server’s name', async () => {
      const uri = `wss://localhost:${secure.port}/secure`;
      const caller = await EchoCaller.open(uri, through({ sslContext: { ca: LOCALHOST.cert } }));
      expect(caller.session.isSecure()).toBe(true);
      expect(await caller.exchange(['hello'])).toBe('hello');
      await caller.session.close();

      const untrusted = (await failureOf(() => EchoCaller.open(uri, through()))) as HandshakeException;
      expect([untrusted.code, (untrusted.cause as NodeJS.ErrnoException).code]).toEqual([
        'WS_CONNECT_TLS',
        'DEPTH_ZERO_SELF_SIGNED_CERT',
      ]);
    });

    test.each([
      ['Tomcat’s code', 'WS_AUTHENTICATION_PROXY_USER_NAME', 'WS_AUTHENTICATION_PROXY_PASSWORD'],
      ['Tomcat’s documentation', 'WS_PROXY_AUTHENTICATION_USER_NAME', 'WS_PROXY_AUTHENTICATION_PASSWORD'],
    ])('user properties identify the client, with the names of %s', async (_whose, username, password) => {
      const caller = await EchoCaller.open(`ws://127.0.0.1:${plain.port}/`, {
        proxy: `http://127.0.0.1:${proxy.port}`,
        userProperties: {
          [`org.apache.tomcat.websocket.${username}`]: USER.username,
          [`org.apache.tomcat.websocket.${password}`]: USER.password,
        },
      });
      expect(await caller.exchange(['hello'])).toBe('hello');
      await caller.session.close();
    });

    test.each<[string, () => CallOptions, number, number]>([
      ['a wrong password', () => through({ proxy: proxyWith({ ...USER, password: 'guess' }) }), 0, 407],
      ['no credentials', () => through({ proxy: `http://127.0.0.1:${proxy.port}` }), 0, 407],
      ['a port that is not open', () => through(), 1, 403],
    ])('%s is refused with the proxy’s status', async (_title, options, target, status) => {
      const { port } = target === 0 ? plain : forbidden;
      const error = await failureOf(() => EchoCaller.open(`ws://127.0.0.1:${port}/`, options()));
      if (!(error instanceof HandshakeException)) throw error;
      expect(error.status).toBe(status);
      expect(error.message).not.toMatch(/guess|correct horse/);
    });

    function proxyWith(credentials: typeof USER): CallOptions['proxy'] {
      return { uri: `http://127.0.0.1:${proxy.port}`, credentials };
    }
  });
});
