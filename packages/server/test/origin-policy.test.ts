import { DeploymentException, type HandshakeRequest } from '@serval/api';
import { HeaderMap } from '@serval/protocol';
import { WsHandshakeRequest } from '../src/handshake-request';
import { ALLOWED_ORIGINS, originPolicy, type AllowedOrigins } from '../src/origin-policy';

/** A handshake for `ws://<host>/chat`, or `wss:`. */
function requestTo(host: string, scheme: 'ws' | 'wss' = 'ws'): HandshakeRequest {
  const request = {
    method: 'GET',
    httpVersion: '1.1',
    target: '/chat',
    headers: HeaderMap.fromRawHeaders(['Host', host]).seal(),
    isSecure: scheme === 'wss',
    localAddress: undefined,
    localPort: undefined,
    remoteAddress: undefined,
    remotePort: undefined,
    clientCertificates: () => undefined,
    native: undefined,
  };
  return new WsHandshakeRequest(request, {
    uri: `${scheme}://${host}/chat`,
    query: null,
    pathParameters: new Map(),
    isUserInRole: () => false,
  });
}

const allows = (
  allowed: AllowedOrigins | undefined,
  origin: string | null,
  request = requestTo('example.com'),
): unknown => originPolicy(allowed)(origin, request);

describe('[WSC-3.1.4-1] by default', () => {
  test('allows a request without an Origin header, which no browser sent', () => {
    expect(allows(undefined, null)).toBe(true);
  });

  test.each([
    ['http://example.com', 'example.com', 'ws'],
    ['http://EXAMPLE.com', 'example.com', 'ws'],
    ['http://example.com', 'EXAMPLE.COM', 'ws'],
    ['http://example.com', 'example.com:80', 'ws'],
    ['https://example.com', 'example.com', 'wss'],
    ['https://example.com', 'example.com:443', 'wss'],
    // TLS ends at a proxy.
    ['https://example.com', 'example.com', 'ws'],
    ['http://localhost:3000', 'localhost:3000', 'ws'],
    ['http://127.0.0.1:8080', '127.0.0.1:8080', 'ws'],
    ['http://[::1]:8080', '[::1]:8080', 'ws'],
    // The server's own URI, as clients other than browsers send it.
    ['ws://example.com', 'example.com', 'ws'],
    ['ws://example.com:80', 'example.com', 'ws'],
    ['ws://example.com', 'example.com:80', 'ws'],
    ['WS://Example.com', 'example.com', 'ws'],
    ['wss://example.com', 'example.com', 'wss'],
    ['wss://example.com:443', 'example.com', 'wss'],
    ['wss://example.com', 'example.com:443', 'ws'],
    ['ws://localhost:3000', 'localhost:3000', 'ws'],
    ['wss://[::1]:8443', '[::1]:8443', 'wss'],
  ] as const)('%s is the own origin of a request to %s (%s)', (origin, host, scheme) => {
    expect(allows(undefined, origin, requestTo(host, scheme))).toBe(true);
  });

  test.each([
    ['http://evil.example', 'example.com'],
    ['http://example.com.evil.example', 'example.com'],
    ['http://evilexample.com', 'example.com'],
    ['http://sub.example.com', 'example.com'],
    ['http://example.com', 'sub.example.com'],
    ['http://example.com:8080', 'example.com'],
    ['http://example.com', 'example.com:8080'],
    ['http://localhost:3000', 'localhost:3001'],
    ['http://localhost', '127.0.0.1'],
    ['http://example.com@evil.example', 'example.com'],
    ['http://user@example.com', 'example.com'],
    ['http://example.com/', 'example.com'],
    ['http://example.com/chat', 'example.com'],
    ['http://example.com?x', 'example.com'],
    ['http://example.com#x', 'example.com'],
    ['ws://example.com/chat', 'example.com'],
    ['null', 'example.com'],
    ['null', 'null'],
    ['', 'example.com'],
    ['example.com', 'example.com'],
    ['//example.com', 'example.com'],
    ['file://', 'example.com'],
    ['file:///etc/passwd', 'example.com'],
    ['data:text/html,x', 'example.com'],
    ['ws://evil.example', 'example.com'],
    ['wss://example.com:8443', 'example.com'],
    ['ws://example.com', 'example.com:443'],
    ['ws://localhost:3000', 'localhost:3001'],
    ['ws://example.com@evil.example', 'example.com'],
    ['ws:', 'example.com'],
    ['ws://', 'example.com'],
    ['wsss://example.com', 'example.com'],
    ['ftp://example.com', 'example.com'],
    // Origins of apps, not of pages from this server.
    ['capacitor://localhost', 'localhost'],
    ['chrome-extension://localhost', 'localhost'],
    ['not a url', 'example.com'],
  ])('%p is foreign to a request to %s', (origin, host) => {
    expect(allows(undefined, origin, requestTo(host))).toBe(false);
  });
});

describe('allowedOrigins', () => {
  test("'*' allows all origins, including null", () => {
    for (const origin of ['http://evil.example', 'null', 'file://', '']) expect(allows('*', origin)).toBe(true);
  });

  test('a list allows exactly its entries, in any case', () => {
    const list = ['https://App.example.com', 'http://localhost:3000/', 'null'];
    for (const origin of ['https://app.example.com', 'HTTPS://APP.EXAMPLE.COM', 'http://localhost:3000', 'null'])
      expect(allows(list, origin)).toBe(true);
    for (const origin of ['http://app.example.com', 'https://app.example.com:8443', 'https://x.app.example.com', ''])
      expect(allows(list, origin)).toBe(false);
  });

  test('a list treats ws: as http: and wss: as https:', () => {
    const list = ['https://app.example.com', 'ws://localhost:3000'];
    for (const origin of [
      'wss://app.example.com',
      'WSS://APP.example.com',
      'http://localhost:3000',
      'ws://localhost:3000',
    ])
      expect(allows(list, origin)).toBe(true);
    for (const origin of ['ws://app.example.com', 'wss://localhost:3000', 'ws://null'])
      expect(allows(list, origin)).toBe(false);
  });

  test('a list still allows the server’s own origin', () => {
    expect(allows(['https://app.example.com'], 'http://example.com')).toBe(true);
    expect(allows([], 'http://example.com')).toBe(true);
  });

  test('does not allow names of Object.prototype', () => {
    for (const origin of ['__proto__', 'constructor']) expect(allows(['https://a.example'], origin)).toBe(false);
  });

  test('a function runs only for foreign origins, with the request', async () => {
    const asked: unknown[] = [];
    const request = requestTo('example.com');
    const allowed = (origin: string, of: HandshakeRequest): Promise<boolean> => {
      asked.push(origin, of === request);
      return Promise.resolve(origin === 'https://good.example');
    };
    expect(await allows(allowed, 'https://good.example', request)).toBe(true);
    expect(await allows(allowed, 'https://evil.example', request)).toBe(false);
    expect(allows(allowed, 'http://example.com', request)).toBe(true);
    expect(allows(allowed, null, request)).toBe(true);
    expect(asked).toEqual(['https://good.example', true, 'https://evil.example', true]);
  });

  test.each([
    [['app.example.com'], '"app.example.com"'],
    [['https://app.example.com/path'], '"https://app.example.com/path"'],
    [['https://*.example.com'], '"https://*.example.com"'],
    [['*'], '"*"'],
    [[''], '""'],
    [[42], '42'],
    ['https://app.example.com', 'https://app.example.com'],
    [true, 'true'],
    [{}, 'an object'],
  ])('%p is rejected at deployment', (allowed, shown) => {
    const making = (): unknown => ALLOWED_ORIGINS.read(allowed, 'allowedOrigins');
    expect(making).toThrow(DeploymentException);
    expect(making).toThrow(expect.objectContaining({ code: 'WS_DEPLOY_BAD_OPTION' }));
    expect(making).toThrow(/^allowedOrigins /);
    expect(making).toThrow(shown);
  });
});
