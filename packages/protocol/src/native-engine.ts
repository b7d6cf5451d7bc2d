import type { Duplex } from 'node:stream';
import { readOptions, type Transport } from '@serval/api/spi';
import type * as CompressionModule from './compression';
import type { Compression } from './compression';
import { Connection, type ConnectionParts } from './connection';
import { acceptOffers } from './deflate-negotiation';
import type { AcceptedConnection, AcceptedUpgrade, Engine, HeaderLine } from './engine';
import { ENGINE_OPTIONS, type EngineOptions } from './engine-options';
import { acceptValue, formatExtensions } from './handshake-headers';
import { trySharedReads } from './shared-reads-trial';
import { tune } from './sockets';
import type { ZlibCodecs } from './zlib-contract';

/** On a stream of HTTP/2 nothing can come before its answer has been seen. */
const NO_HEAD = Buffer.alloc(0);

/**
 * Our own RFC 6455 engine on the raw socket, or on a stream of HTTP/2.
 *
 * @param codecs the way to zlib; by default the best that this Node has
 * @throws DeploymentException for an option that is out of range or unknown
 */
export function createNativeEngine(options: EngineOptions = {}, codecs?: ZlibCodecs): Engine {
  const compression = createCompression(options.perMessageDeflate, codecs);
  const settings = connectionSettings(options);
  const takeOver = (
    accepted: AcceptedConnection,
    socket: Duplex,
    head: Buffer,
    answer: (headers: readonly HeaderLine[]) => void,
  ): Transport | undefined => {
    // A client that has ended its side already is heard only if it has said something.
    const isSilent = !socket.readable && head.length === 0;
    if (isSilent || socket.destroyed || !socket.writable) {
      socket.destroy();
      return undefined;
    }
    const agreement = compression && acceptOffers(accepted.extensions, compression.wishesForNow('server'));
    const headers: HeaderLine[] = [];
    if (accepted.subprotocol !== '') headers.push(['Sec-WebSocket-Protocol', accepted.subprotocol]);
    if (agreement !== undefined) headers.push(['Sec-WebSocket-Extensions', formatExtensions([agreement.extension])]);
    headers.push(...accepted.headers);
    answer(headers);
    tune(socket);
    return new Connection({
      role: 'server',
      socket,
      head,
      isSecure: accepted.isSecure,
      remoteAddress: accepted.remoteAddress,
      deflate: agreement && compression?.open(agreement, 'server'),
      ...settings,
      closeTimeoutMs: accepted.closeTimeoutMs,
      maxFrameBytes: accepted.maxFrameBytes,
    });
  };
  return {
    installedExtensions: compression === undefined ? [] : [compression.extension],
    accept: (upgrade) =>
      takeOver(upgrade, upgrade.socket, upgrade.head, (headers) => switchProtocols(upgrade, headers)),
    acceptStream: (accepted) => takeOver(accepted, accepted.stream, NO_HEAD, (headers) => accepted.answer(headers)),
  };
}

/** The options that every connection has. */
export type ConnectionSettings = Pick<ConnectionParts, 'maxFragments' | 'sharesReads'>;

export function connectionSettings(options: EngineOptions): ConnectionSettings {
  const { maxFragments, sharedReads } = readOptions(
    { maxFragments: ENGINE_OPTIONS.maxFragments, sharedReads: ENGINE_OPTIONS.sharedReads },
    options,
  );
  if (sharedReads) void trySharedReads();
  return { maxFragments, sharesReads: sharedReads };
}

/** @throws DeploymentException for an option that is out of range or unknown */
export function createCompression(
  option: EngineOptions['perMessageDeflate'] = false,
  codecs: ZlibCodecs | undefined,
): Compression | undefined {
  if (option === false) return undefined;
  // Loads it, and zlib, only for an engine that compresses.
  const compression = require('./compression') as typeof CompressionModule;
  return new compression.Compression(option === true ? {} : option, codecs);
}

/** RFC 6455 4.2.2. */
function switchProtocols({ socket, key }: AcceptedUpgrade, headers: readonly HeaderLine[]): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptValue(key)}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
