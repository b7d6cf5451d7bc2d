import type { Duplex } from 'node:stream';
import type { Transport } from '@serval/api/spi';
import { Connection } from './connection';
import type { AcceptedUpgrade, Engine, EngineOptions } from './engine';
import { acceptValue, formatExtensions } from './handshake-headers';
import { MessageDeflate } from './message-deflate';

/** Fragments of one message; many tiny ones would cost more memory than their bytes tell. */
const DEFAULT_MAX_FRAGMENTS = 16_384;

/** Our own RFC 6455 engine on the raw socket. */
export function createNativeEngine(options: EngineOptions = {}): Engine {
  const installedExtensions = options.perMessageDeflate === true ? [MessageDeflate.installed] : [];
  const maxFragments = options.maxFragments ?? DEFAULT_MAX_FRAGMENTS;
  return { installedExtensions, accept: (upgrade) => accept(upgrade, maxFragments) };
}

function accept(upgrade: AcceptedUpgrade, maxFragments: number): Transport | undefined {
  const { socket } = upgrade;
  // A client that has gone already has ended its side, or the socket is destroyed.
  if (!socket.readable || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const deflate = MessageDeflate.accept(upgrade.extensions);
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
    socket,
    head: upgrade.head,
    isSecure: upgrade.isSecure,
    remoteAddress: upgrade.remoteAddress,
    deflate,
    maxFragments,
    closeTimeoutMs: upgrade.closeTimeoutMs,
  });
}

/** No Nagle delay, and none of the HTTP server's timeouts; a plain Duplex has neither. */
function tune(socket: Duplex & { setNoDelay?(noDelay: boolean): unknown; setTimeout?(ms: number): unknown }): void {
  socket.setNoDelay?.(true);
  socket.setTimeout?.(0);
}
