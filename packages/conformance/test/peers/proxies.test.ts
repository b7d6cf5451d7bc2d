import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeWithPeer, ForwardProxy, FrontServer } from '.';
import { onFreePort } from './free-port';

const cleanUps: (() => unknown)[] = [];
function afterTest(cleanUp: () => unknown): void {
  cleanUps.push(cleanUp);
}
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function answer(options: RequestOptions): Promise<IncomingMessage> {
  const asking = request({ host: '127.0.0.1', agent: false, ...options });
  asking.end();
  const [response] = (await Promise.race([once(asking, 'response'), once(asking, 'connect')])) as [IncomingMessage];
  response.resume();
  asking.destroy();
  return response;
}

describeWithPeer(FrontServer.kind('nginx'), 'nginx', () => {
  test('follows its configuration, and leaves nothing behind', async () => {
    const nginx = await FrontServer.start('nginx', (port) => `server { listen 127.0.0.1:${port}; return 204; }`);
    const { port, folder } = nginx;
    expect((await answer({ port })).statusCode).toBe(204);
    await nginx.stop();
    await expect(answer({ port })).rejects.toThrow('ECONNREFUSED');
    expect(existsSync(folder)).toBe(false);
  });

  test('reports a mistake in a configuration', async () => {
    const error = (await FrontServer.start('nginx', () => 'no_such_directive on;').catch(
      (thrown: unknown) => thrown,
    )) as Error;
    const [, folder = ''] = /unknown directive "no_such_directive" in (.*)\/nginx\.conf/.exec(error.message) ?? [];
    expect(folder).toMatch(/serval-nginx-/);
    expect(existsSync(folder)).toBe(false);
  });
});

describeWithPeer(ForwardProxy, 'squid', () => {
  test.each(['basic', 'digest'] as const)(
    'asks for the %s scheme, and leaves nothing behind',
    async (scheme) => {
      const proxy = await ForwardProxy.start({ scheme, username: 'ann', password: 'secret', ports: [443] });
      const { statusCode, headers } = await answer({ port: proxy.port, method: 'CONNECT', path: '127.0.0.1:443' });
      expect(statusCode).toBe(407);
      expect(headers['proxy-authenticate']?.toLowerCase()).toMatch(new RegExp(`^${scheme} realm="the proxy"`));
      await proxy.stop();
      expect(existsSync(proxy.folder)).toBe(false);
    },
    30_000,
  );

  test('lets only its user through, and only to the given ports', async () => {
    const target = createServer().listen(0, '127.0.0.1');
    afterTest(() => target.close());
    await once(target, 'listening');
    // It listens on a port.
    const { port: open } = target.address() as AddressInfo;
    const proxy = await ForwardProxy.start({ scheme: 'basic', username: 'ann', password: 'secret', ports: [open] });
    afterTest(() => proxy.stop());
    const connect = async (path: string, user: string): Promise<number | undefined> => {
      const headers = { 'Proxy-Authorization': `Basic ${Buffer.from(user).toString('base64')}` };
      return (await answer({ port: proxy.port, method: 'CONNECT', path, headers })).statusCode;
    };
    expect(await connect(`127.0.0.1:${open}`, 'ann:secret')).toBe(200);
    expect(await connect(`127.0.0.1:${open}`, 'ann:guess')).toBe(407);
    expect(await connect('127.0.0.1:1', 'ann:secret')).toBe(403);
  });
});

describe('a port that was free a moment ago', () => {
  test('is replaced by another one if another process has taken it', async () => {
    const ports: number[] = [];
    const result = await onFreePort(async (port) => {
      ports.push(port);
      if (ports.length < 3) throw new Error(`bind() to 127.0.0.1:${port} failed (98: Address already in use)`);
      return 'started';
    });
    expect([result, ports.length]).toEqual(['started', 3]);
  });

  test('is not replaced for any other reason, and at most five times', async () => {
    let tries = 0;
    const failing = (message: string): Promise<never> =>
      onFreePort(async () => {
        tries += 1;
        throw new Error(message);
      });
    await expect(failing('no such file')).rejects.toThrow('no such file');
    expect(tries).toBe(1);
    await expect(failing('Address already in use')).rejects.toThrow('in use');
    expect(tries).toBe(6);
  });
});
