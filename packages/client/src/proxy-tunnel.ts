import { HandshakeException, type ErrorCode } from '@serval/api';
import { HeaderMap } from '@serval/protocol';
import { Authentication } from './http-authentication';
import { exchange, type ExchangeTerms, type ServerAnswer, type Tunnel } from './http-exchange';
import { describeProxy, socksVersion, type Proxy } from './proxy';
import { describeUri, portOf } from './server-uri';
import { openSocksTunnel } from './socks-tunnel';

/**
 * Opens a connection through a proxy to the server of a URI.
 *
 * @throws HandshakeException (as a rejection) when it fails, with the proxy's status if it answered; it then leaves no
 * connection behind
 */
export function openTunnel(proxy: Proxy, uri: URL, terms: ExchangeTerms): Promise<Tunnel> {
  const version = socksVersion(proxy);
  return version === undefined ? openHttpTunnel(proxy, uri, terms) : openSocksTunnel({ proxy, version, uri }, terms);
}

/**
 * RFC 9110 9.3.6. Each attempt opens a new connection, so a proxy may end the one on which it sends its challenge.
 */
async function openHttpTunnel(proxy: Proxy, uri: URL, terms: ExchangeTerms): Promise<Tunnel> {
  const via = describeProxy(proxy);
  const target = `${uri.hostname}:${portOf(uri)}`;
  const headers = new HeaderMap();
  headers.add('Host', target);
  headers.add('Connection', 'keep-alive');
  for (const [name, value] of proxy.headers) headers.add(name, value);
  const authentication =
    proxy.credentials === undefined || headers.has('Proxy-Authorization')
      ? undefined
      : new Authentication({ name: `The proxy ${via}`, challengeHeader: 'Proxy-Authenticate' }, proxy.credentials);
  for (;;) {
    const answer = await exchange(
      { method: 'CONNECT', to: proxy.uri, target, headers, tls: proxy.tls, tunnel: undefined },
      terms,
    );
    if (answer.status === 407 && authentication !== undefined) {
      headers.set('Proxy-Authorization', [authentication.authorize(answer, { method: 'CONNECT', target })]);
      continue;
    }
    const refuse = (what: string, code: ErrorCode = 'WS_CONNECT_PROXY'): HandshakeException =>
      new HandshakeException(`The proxy ${via} ${what}.`, undefined, code, answer);
    if (answer.upgraded === undefined) {
      const isIdentified = headers.has('Proxy-Authorization');
      const isRefused = isIdentified && (answer.status === 401 || answer.status === 407);
      throw refuse(
        `${whyNot(answer, isIdentified)} for a tunnel to ${describeUri(uri)}`,
        isRefused ? 'WS_CONNECT_AUTHENTICATION' : 'WS_CONNECT_PROXY',
      );
    }
    const { socket, head } = answer.upgraded;
    // The server must not send anything before the client does.
    if (head.length > 0) {
      socket.destroy();
      throw refuse(
        `sent ${head.length} bytes after its answer, before the client sent anything to ${describeUri(uri)}`,
      );
    }
    return { socket, via };
  }
}

function whyNot({ status }: ServerAnswer, isIdentified: boolean): string {
  // RFC 9110 15.5.8 defines 407 for a proxy, but tinyproxy answers 401 to a wrong password.
  if (status !== 401 && status !== 407) return `answered ${status}`;
  return isIdentified
    ? `answered ${status} and does not accept the credentials (check user name and password)`
    : `answered ${status} and requires credentials (the option proxy.credentials, the user information of its URI, or the user properties WS_AUTHENTICATION_PROXY_USER_NAME and _PASSWORD)`;
}
