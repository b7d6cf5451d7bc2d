import { createServer as createHttp2Server } from 'node:http2';
import { DeploymentException, OnMessage, ServerEndpoint } from '@serval/api';
import { attach } from '../src/http-host';
import { readOptions } from '@serval/api/spi';
import { ALLOWED_HOSTS, type AllowedHosts, type IsAllowedHost } from '../src/host-policy';
import { connectHttp2, Http2Client } from './http2-client';
import { loggerInto, TestServer } from './test-server';
import { afterTest, Journal } from '../../testing/test/toolbox';

const hostPolicy = (allowed: AllowedHosts): IsAllowedHost => ALLOWED_HOSTS.read(allowed, 'allowedHosts');

@ServerEndpoint('/echo')
class Echo {
  @OnMessage text(text: string): string {
    return text;
  }
}

describe('allowedHosts', () => {
  const isAllowed = hostPolicy(['chat.example', '.apps.example', 'Bücher.example']);

  test.each([
    'chat.example',
    'CHAT.example:8080',
    'chat.example.',
    'apps.example',
    'a.b.apps.example:1',
    'xn--bcher-kva.example',
    'localhost:8080',
    'app.localhost',
    '127.0.0.1:8080',
    '192.168.1.7',
    '0x7f.1',
    '[::1]:8080',
    '[fd00::7]',
  ])('allows %s', (host) => {
    expect(isAllowed(host)).toBe(true);
  });

  test.each([
    'evil.example',
    'chat.example.evil.example',
    'xchat.example',
    'sub.chat.example',
    'evilapps.example',
    'localhost.evil.example',
    'notlocalhost',
    '127.0.0.1.evil.example',
    'constructor',
    '__proto__',
  ])('refuses %s', (host) => {
    expect(isAllowed(host)).toBe(false);
  });

  test('allows every host if it is not set, and only addresses if it is empty', () => {
    expect(readOptions({ allowedHosts: ALLOWED_HOSTS }, {}).allowedHosts).toBeUndefined();
    expect(hostPolicy([])('chat.example')).toBe(false);
    expect(hostPolicy([])('10.0.0.1')).toBe(true);
  });

  test.each([
    ['', /""/],
    ['.', /"\."/],
    ['https://chat.example', /"https:\/\/chat.example"/],
    ['chat.example:8080', /"chat.example:8080"/],
    ['*.chat.example', /"\*.chat.example"/],
    ['chat example', /"chat example"/],
    ['[::1]', /"\[::1\]"/],
  ])('rejects the entry %p at deployment with a correct example', (entry, shown) => {
    expect(() => hostPolicy([entry])).toThrow(DeploymentException);
    expect(() => hostPolicy([entry])).toThrow(shown);
    expect(() => hostPolicy([entry])).toThrow(/write a name without scheme and port/);
  });

  test.each([['chat.example'], [5], [null], [{}], [[5]]])('rejects %p as the option', (option) => {
    expect(() => hostPolicy(option as AllowedHosts)).toThrow(/allowedHosts .*list of host names/);
  });

  test('answers 403 before authenticate even if Origin and Host are equal, and logs the host once', async () => {
    const authenticate = jest.fn(() => null);
    const server = await TestServer.start({ allowedHosts: ['chat.example'], authenticate }, Echo);
    const rebound = { Host: 'evil.example', Origin: 'http://evil.example' };
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await server.request('/echo', rebound)).toMatchObject({
        status: 403,
        body: 'The server does not accept the host "evil.example"; it can allow the name with allowedHosts.\n',
      });
    }
    expect(authenticate).not.toHaveBeenCalled();
    expect(server.log.entries.filter((entry) => entry.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn .*\/echo.*"evil.example".*add the name/),
    ]);
    const client = await server.open('/echo', { Host: 'chat.example', Origin: 'http://chat.example' });
    expect(client).toBeDefined();
  });

  test('checks the host that the client requested from a trusted proxy', async () => {
    const server = await TestServer.start({ allowedHosts: ['chat.example'], trustProxy: 'loopback' }, Echo);
    const forwarded = (host: string) => ({ Host: '127.0.0.1:8080', 'X-Forwarded-Host': host });
    expect(await server.request('/echo', forwarded('evil.example'))).toMatchObject({ status: 403 });
    await server.open('/echo', forwarded('chat.example'));
  });

  test('checks :authority over HTTP/2', async () => {
    const http2 = createHttp2Server();
    attach(http2, { allowedHosts: ['chat.example'], logger: loggerInto(new Journal()) }).addEndpoint(Echo);
    await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve));
    afterTest(() => new Promise((resolve) => http2.close(resolve)));
    const session = await connectHttp2((http2.address() as { port: number }).port);
    expect(await Http2Client.request(session, '/echo', { ':authority': 'evil.example' }).status()).toBe(403);
    await Http2Client.open(session, '/echo', { ':authority': 'chat.example' });
    session.destroy();
  });
});
