import type { Duplex } from 'node:stream';
import type { Transport } from '@serval/api/spi';
import { Compression } from './compression';
import { Connection, type ConnectionParts } from './connection';
import { acceptOffers } from './deflate-negotiation';
import type { AcceptedUpgrade, Engine, EngineOptions } from './engine';
import { acceptValue, formatExtensions } from './handshake-headers';
import { zlibCodecs, type ZlibCodecs } from './zlib-codecs';

/** Fragments of one message; many tiny ones would cost more memory than their bytes tell. */
const DEFAULT_MAX_FRAGMENTS = 16_384;

/**
 * Our own RFC 6455 engine on the raw socket.
 *
 * @param codecs the way to zlib; by default the best that this Node has
 * @throws DeploymentException for an option that is out of range or unknown
 */
export function createNativeEngine(options: EngineOptions = {}, codecs: ZlibCodecs = zlibCodecs()): Engine {
  const compression = createCompression(options.perMessageDeflate, codecs);
  const settings = connectionSettings(options);
  return {
    installedExtensions: compression === undefined ? [] : [compression.extension],
    accept: (upgrade) => accept(upgrade, settings, compression),
  };
}

/** What the options say of every connection. */
export type ConnectionSettings = Pick<ConnectionParts, 'maxFragments' | 'sharesReads'>;

export function connectionSettings(options: EngineOptions): ConnectionSettings {
  const { maxFragments = DEFAULT_MAX_FRAGMENTS, sharedReads = true } = options;
  return { maxFragments, sharesReads: sharedReads };
}

/** @throws DeploymentException for an option that is out of range or unknown */
export function createCompression(
  option: EngineOptions['perMessageDeflate'] = false,
  codecs: ZlibCodecs,
): Compression | undefined {
  if (option === false) return undefined;
  return new Compression(option === true ? {} : option, codecs);
}

function accept(
  upgrade: AcceptedUpgrade,
  settings: ConnectionSettings,
  compression: Compression | undefined,
): Transport | undefined {
  const { socket } = upgrade;
  // A client that has gone already has ended its side, or the socket is destroyed.
  if (!socket.readable || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const agreement = compression && acceptOffers(upgrade.extensions, compression.wishesForNow());
  const deflate = agreement && compression?.open(agreement, 'server');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptValue(upgrade.key)}`,
  ];
  if (upgrade.subprotocol !== '') lines.push(`Sec-WebSocket-Protocol: ${upgrade.subprotocol}`);
  if (deflate !== undefined) lines.push(`Sec-WebSocket-Extensions: ${formatExtensions([deflate.extension])}`);
  for (const [name, value] of upgrade.headers) lines.push(`${name}: ${value}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  tune(socket);
  return new Connection({
    role: 'server',
    socket,
    head: upgrade.head,
    isSecure: upgrade.isSecure,
    remoteAddress: upgrade.remoteAddress,
    deflate,
    ...settings,
    closeTimeoutMs: upgrade.closeTimeoutMs,
  });
}

/** No Nagle delay, and none of the HTTP server's timeouts; a plain Duplex has neither. */
export function tune(
  socket: Duplex & { setNoDelay?(noDelay: boolean): unknown; setTimeout?(ms: number): unknown },
): void {
  socket.setNoDelay?.(true);
  socket.setTimeout?.(0);
}
