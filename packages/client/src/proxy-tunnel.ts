import { HandshakeException, type ErrorCode } from '@serval/api';
import { HeaderMap } from '@serval/protocol';
import { Authentication } from './http-authentication';
import { exchange, type ExchangeTerms, type ServerAnswer, type Tunnel } from './http-exchange';
import { describeProxy, socksVersion, type Proxy } from './proxy';
import { describeUri, portOf } from './server-uri';
import { openSocksTunnel } from './socks-tunnel';

/**
 * Asks a proxy for a connection to the server of a URI.
 *
 * @throws HandshakeException (as a rejection) with the proxy's status, if it has answered; nothing is left then
 */
export function openTunnel(proxy: Proxy, uri: URL, terms: ExchangeTerms): Promise<Tunnel> {
  const version = socksVersion(proxy);
  return version === undefined ? openHttpTunnel(proxy, uri, terms) : openSocksTunnel({ proxy, version, uri }, terms);
}

/**
 * RFC 9110 9.3.6. Each attempt has a connection of its own, so it
 * does not matter whether the proxy ends the one on which it asks for credentials.
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
    // Nobody at the other end may speak before the client has.
    if (head.length > 0) {
      socket.destroy();
      throw refuse(`sent ${head.length} bytes behind its answer, before anything was asked of ${describeUri(uri)}`);
    }
    return { socket, via };
  }
}

function whyNot({ status }: ServerAnswer, isIdentified: boolean): string {
  // RFC 9110 15.5.8 has 407 for a proxy; tinyproxy answers 401 to a wrong password.
  if (status !== 401 && status !== 407) return `answered ${status}`;
  return isIdentified
    ? `answered ${status} and does not accept the credentials (check user name and password)`
    : `answered ${status} and asks for credentials (the option proxy.credentials, the user information of its URI, or the user properties WS_AUTHENTICATION_PROXY_USER_NAME and _PASSWORD)`;
}
