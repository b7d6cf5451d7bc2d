import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { HandshakeException } from '@serval/api';
import { cannotLoad } from '@serval/api/spi';
import { toError } from '@serval/container';
import { tolerateErrors } from '@serval/protocol';
import type * as Socks from 'socks';
import type { ExchangeTerms, Tunnel } from './http-exchange';
import { describeProxy, type Proxy, type SocksVersion } from './proxy';
import { describeUri, hostOf, portOf } from './server-uri';

/** A SOCKS proxy, and the server to which it should connect. */
interface SocksRequest {
  readonly proxy: Proxy;
  readonly version: SocksVersion;
  readonly uri: URL;
}

/** A blocked event loop delays the deadline, and then both timers are due. */
const LIBRARY_GRACE_MS = 60_000;

/**
 * Opens a connection through a SOCKS proxy to the server of a URI (RFC 1928 and 1929, SOCKS 4 and 4a).
 *
 * @throws HandshakeException (as a rejection) when it fails; it then leaves no connection behind
 * @throws DeploymentException (as a rejection) when the package socks is not installed
 */
export async function openSocksTunnel(request: SocksRequest, terms: ExchangeTerms): Promise<Tunnel> {
  const { settings, deadline } = terms;
  const { proxy } = request;
  const { SocksClient } = loadSocks();
  const destination = { host: await deadline.within(destinationHost(request)), port: portOf(request.uri) };
  const socket = connect({ host: hostOf(proxy.uri), port: portOf(proxy.uri) });
  tolerateErrors(socket);
  socket.setTimeout(settings.ioTimeout);
  let onTimeout = (): void => undefined;
  let onError = (_error: Error): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      deadline.whenExpired = reject;
      onTimeout = () => reject(wasSilent(request, settings.ioTimeout));
      onError = (error) => reject(couldNotBeAsked(request, error));
      socket.on('timeout', onTimeout).on('error', onError);
      negotiate(SocksClient, socket, {
        command: 'connect',
        destination,
        proxy: proxyOf(request),
        existing_socket: socket,
        // The deadline is the limit. The library's own timer, 30 s by default, must not fire before it.
        timeout: Math.min(settings.handshakeTimeout + LIBRARY_GRACE_MS, 2 ** 31 - 1),
      }).then(resolve, (thrown) => reject(refused(request, toError(thrown))));
    });
    return { socket, via: describeProxy(proxy) };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    deadline.whenExpired = undefined;
    socket.off('timeout', onTimeout).off('error', onError);
  }
}

/** An optional peer, because most clients do not use such a proxy. */
function loadSocks(): typeof Socks {
  // Bundlers accept a missing module only inside a try statement.
  try {
    return require('socks') as typeof Socks;
  } catch (cause) {
    throw cannotLoad('socks', 'a SOCKS proxy', cause);
  }
}

/** Settles once the proxy has connected. Rejects if it sends more than its answer. */
async function negotiate(
  SocksClient: typeof Socks.SocksClient,
  socket: Socket,
  options: Socks.SocksClientOptions,
): Promise<void> {
  await once(socket, 'connect');
  await SocksClient.createConnection(options);
  let early = 0;
  const onData = (chunk: Buffer): void => void (early += chunk.length);
  socket.on('data', onData);
  // The library puts bytes after the answer back and resumes the socket.
  await new Promise<void>((resolve) => setImmediate(resolve));
  socket.off('data', onData);
  // The server must not send anything before the client does.
  if (early > 0) throw new Error(`it sent ${early} bytes after its answer, before the client sent anything`);
}

/** As in curl, the client resolves names for `socks4:` and `socks5:`, and the proxy for `socks4a:` and `socks5h:`. */
async function destinationHost(request: SocksRequest): Promise<string> {
  const { version, uri } = request;
  const host = hostOf(uri);
  if (version.type === 4 && isIP(host) === 6) {
    throw new HandshakeException(
      `The proxy ${describeProxy(request.proxy)} cannot connect to ${describeUri(uri)}: SOCKS 4 does not support IPv6 addresses; use socks5:.`,
      undefined,
      'WS_CONNECT_PROXY',
    );
  }
  if (isIP(host) !== 0 || !version.resolvesHere) return host;
  try {
    return (await lookup(host, { family: version.type === 4 ? 4 : 0 })).address;
  } catch (thrown) {
    const error = toError(thrown);
    const remedy = `Let the proxy resolve the name with ${version.type === 4 ? 'socks4a:' : 'socks5h:'}.`;
    throw new HandshakeException(
      `The host name of ${describeUri(uri)} could not be resolved: ${error.message}. ${remedy}`,
      error,
      'WS_CONNECT_IO',
    );
  }
}

function proxyOf({ proxy, version }: SocksRequest): Socks.SocksProxy {
  const { credentials } = proxy;
  const address = { host: hostOf(proxy.uri), port: portOf(proxy.uri), type: version.type };
  if (credentials === undefined) return address;
  // RFC 1929 2: each has a length of one byte.
  for (const part of ['username', 'password'] as const) {
    if (version.type === 4 || Buffer.byteLength(credentials[part]) <= 255) continue;
    throw new HandshakeException(
      `The credentials cannot be sent to the proxy ${describeProxy(proxy)}: the ${part} has more than 255 bytes, the limit of SOCKS 5.`,
      undefined,
      'WS_CONNECT_AUTHENTICATION',
    );
  }
  return { ...address, userId: credentials.username, password: credentials.password };
}

function wasSilent({ proxy }: SocksRequest, milliseconds: number): HandshakeException {
  return new HandshakeException(
    `The proxy ${describeProxy(proxy)} was silent for ${milliseconds} ms during the handshake (ioTimeout, IO_TIMEOUT_MS).`,
    undefined,
    'WS_CONNECT_TIMEOUT',
  );
}

function couldNotBeAsked({ proxy, uri }: SocksRequest, error: Error): HandshakeException {
  return new HandshakeException(
    `The proxy ${describeProxy(proxy)} did not open a tunnel to ${describeUri(uri)}: ${error.message}.`,
    error,
    'WS_CONNECT_PROXY',
  );
}

/** @param error the library's error; it contains the password, so it must not become the cause */
function refused({ proxy, uri }: SocksRequest, { message }: Error): HandshakeException {
  const isForCredentials = /authentication/i.test(message);
  const areGiven = proxy.credentials !== undefined;
  const remedy = areGiven
    ? '; check user name and password'
    : '; it requires credentials (the option proxy.credentials, or the user information of its URI)';
  return new HandshakeException(
    `The proxy ${describeProxy(proxy)} did not open a tunnel to ${describeUri(uri)}: ${message}${isForCredentials ? remedy : ''}.`,
    undefined,
    isForCredentials && areGiven ? 'WS_CONNECT_AUTHENTICATION' : 'WS_CONNECT_PROXY',
  );
}
