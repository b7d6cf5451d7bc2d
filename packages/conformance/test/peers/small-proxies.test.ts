import { describeWithPeer, SmallProxy } from '.';
import type { HandshakeException, Server } from 'serval';
import { startEchoServer } from '../../src/echo-server';
import { failureOf } from '../application';
import { EchoCaller } from '../echo-caller';
import { changedByEcho } from '../echo-table';

// Our client, a small proxy that asks for its user, our server.

const USER = { username: 'ann', password: 's3cret' };

describeWithPeer(SmallProxy, 'tinyproxy and microsocks between our client and our server', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startEchoServer(0, '127.0.0.1');
  });
  afterAll(() => server.stop({ grace: 0 }));

  describe.each([
    ['tinyproxy', 'http', 401],
    ['microsocks', 'socks5h', undefined],
    ['microsocks', 'socks5', undefined],
  ] as const)('%s by %s', (name, scheme, status) => {
    let proxy: SmallProxy;
    beforeAll(async () => {
      proxy = await SmallProxy.start(name, USER);
    });
    afterAll(() => proxy?.stop());

    const open = (user: string): Promise<EchoCaller> =>
      EchoCaller.open(`ws://localhost:${server.port}/`, { proxy: `${scheme}://${user}127.0.0.1:${proxy.port}` });

    test('echoes every message', async () => {
      const caller = await open('ann:s3cret@');
      expect(await changedByEcho(caller.exchange)).toEqual([]);
      await caller.session.close();
      expect(await caller.told.closed()).toEqual(['close 1000']);
    });

    test('a wrong password fails with WS_CONNECT_AUTHENTICATION', async () => {
      const error = (await failureOf(() => open('ann:wrong@'))) as HandshakeException;
      expect([error.code, error.status]).toEqual(['WS_CONNECT_AUTHENTICATION', status]);
      expect(error.message).toMatch(/check user name and password/);
    });

    test('a missing password fails with WS_CONNECT_PROXY', async () => {
      const error = (await failureOf(() => open(''))) as HandshakeException;
      expect([error.code, error.message]).toEqual(['WS_CONNECT_PROXY', expect.stringMatching(/requires credentials/)]);
    });
  });
});
