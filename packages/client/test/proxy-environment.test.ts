import { proxyOfEnvironment } from '../src/proxy-environment';

const PROXIES = { ws_proxy: 'ws', http_proxy: 'http', wss_proxy: 'wss', https_proxy: 'https', all_proxy: 'all' };
const chosen = (uri: string, environment: Record<string, string>) =>
  proxyOfEnvironment(new URL(uri), environment)?.variable;

test.each<[uri: string, environment: Record<string, string>, variable: string | undefined]>([
  ['ws://a.example/', PROXIES, 'ws_proxy'],
  ['ws://a.example/', { ...PROXIES, ws_proxy: '' }, 'http_proxy'],
  ['ws://a.example/', { https_proxy: 'x', wss_proxy: 'x' }, undefined],
  ['ws://a.example/', { ALL_PROXY: 'x' }, 'ALL_PROXY'],
  ['wss://a.example/', PROXIES, 'wss_proxy'],
  ['wss://a.example/', { HTTPS_PROXY: 'x', all_proxy: 'y', http_proxy: 'z' }, 'HTTPS_PROXY'],
  ['wss://a.example/', { HTTPS_PROXY: 'x', https_proxy: 'y' }, 'https_proxy'],
  ['wss://a.example/', { wss_proxy: ' ' }, undefined],
  ['wss://a.example/', {}, undefined],
  // httpoxy: the header Proxy of a request to a CGI program.
  ['ws://a.example/', { HTTP_PROXY: 'x', REQUEST_METHOD: 'GET' }, undefined],
  ['ws://a.example/', { http_proxy: 'x', REQUEST_METHOD: 'GET' }, 'http_proxy'],
])('%s with %j: %s', (uri, environment, variable) => {
  expect(chosen(uri, environment)).toBe(variable);
});

describe('no_proxy', () => {
  test.each<[exceptions: string, uri: string, isProxied: boolean]>([
    ['*', 'wss://a.example/', false],
    ['a.example', 'wss://a.example/', false],
    ['A.Example', 'wss://a.EXAMPLE./', false],
    ['example', 'wss://a.example/', false],
    ['le', 'wss://a.example/', true],
    ['.a.example', 'wss://b.a.example/', false],
    ['.a.example', 'wss://a.example/', true],
    ['*.example', 'wss://a.example/', false],
    ['b.example, a.example  c.example', 'wss://a.example/', false],
    ['a.example:443', 'wss://a.example/', false],
    ['a.example:80', 'wss://a.example/', true],
    ['a.example:80', 'ws://a.example/', false],
    ['10.1.2.3', 'ws://10.1.2.3/', false],
    ['10.1.2.3:81', 'ws://10.1.2.3/', true],
    ['10.0.0.0/8', 'ws://10.1.2.3/', false],
    ['10.0.0.0/8', 'ws://11.1.2.3/', true],
    ['10.0.0.0/99', 'ws://10.1.2.3/', true],
    ['2001:db8::/32', 'ws://[2001:db8::1]/', false],
    ['2001:db8::1', 'ws://[2001:db8::1]/', false],
    ['[2001:db8::1]', 'ws://[2001:db8::1]/', false],
    ['[2001:db8::1]:81', 'ws://[2001:db8::1]/', true],
    ['2001:db8::2', 'ws://[2001:db8::1]/', true],
    ['1.2.3', 'ws://10.1.2.3/', true],
    [',, ,/8,:,[]', 'ws://10.1.2.3/', true],
    [',, ,/8,:,[]', 'ws://a.example/', true],
  ])('%s: %s', (no_proxy, uri, isProxied) => {
    expect(chosen(uri, { all_proxy: 'x', no_proxy })).toBe(isProxied ? 'all_proxy' : undefined);
    expect(chosen(uri, { all_proxy: 'x', NO_PROXY: no_proxy })).toBe(isProxied ? 'all_proxy' : undefined);
  });
});

test.each([
  'localhost',
  'localhost.',
  'a.localhost',
  '127.0.0.1',
  '127.8.9.1',
  '[::1]',
  '[::]',
  '0.0.0.0',
  '[::ffff:127.0.0.1]',
])('%s never uses a proxy', (host) => {
  expect(chosen(`ws://${host}/`, PROXIES)).toBeUndefined();
});

test.each(['localhost.example', '128.0.0.1', '[::2]', 'mylocalhost'])('%s uses a proxy', (host) => {
  expect(chosen(`ws://${host}/`, PROXIES)).toBe('ws_proxy');
});
