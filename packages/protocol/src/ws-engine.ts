import type { IncomingMessage } from 'node:http';
import { createExtension, type Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { PerMessageDeflate, extension, WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import type { AcceptedUpgrade, Engine, EngineOptions } from './engine';
import { formatExtensions, parseExtensions } from './handshake-headers';
import { WsTransport } from './ws-transport';

const DEFLATE = 'permessage-deflate';

/**
 * ws fixes the largest message when a connection begins, but a session may raise its limit later. So ws lets up to this
 * much through and the transport checks the session's own limit on each whole message.
 */
const LEAST_MAX_PAYLOAD = 1024 * 1024;

/** The engine over the ws library, by its public interface only. */
export function createWsEngine(options: EngineOptions = {}): Engine {
  const installedExtensions = options.perMessageDeflate === true ? [createExtension(DEFLATE)] : [];
  return { installedExtensions, accept };
}

/** ws's own server object does the 101; it is given exactly what was negotiated, and decides nothing. */
function accept(upgrade: AcceptedUpgrade): Transport | undefined {
  if (!upgrade.socket.readable || !upgrade.socket.writable) {
    upgrade.socket.destroy();
    return undefined;
  }
  const deflate = acceptableDeflate(upgrade.extensions);
  const server = new WebSocketServer(serverOptions(upgrade, deflate !== undefined));
  let agreed: Extension[] = [];
  server.on('headers', (lines) => {
    agreed = agreedExtensions(lines);
    for (const [name, value] of upgrade.headers) lines.push(`${name}: ${value}`);
  });
  let transport: Transport | undefined;
  // handleUpgrade calls back before it returns, because there is no verifyClient.
  server.handleUpgrade(negotiatedRequest(upgrade, deflate), upgrade.socket, upgrade.head, (webSocket: WebSocket) => {
    webSocket.pause();
    transport = new WsTransport(webSocket, {
      extensions: agreed,
      isSecure: upgrade.isSecure,
      remoteAddress: upgrade.remoteAddress,
    });
  });
  return transport;
}

// @types/ws does not know closeTimeout yet.
function serverOptions(upgrade: AcceptedUpgrade, deflate: boolean): ServerOptions & { closeTimeout: number } {
  return {
    noServer: true,
    clientTracking: false,
    maxPayload: Math.max(upgrade.maxMessageBytes, LEAST_MAX_PAYLOAD),
    closeTimeout: upgrade.closeTimeoutMs,
    // The context is not kept between messages, so an idle session holds no compression window.
    perMessageDeflate: deflate && { serverNoContextTakeover: true, clientNoContextTakeover: true },
  };
}

/** A request that carries only what handleUpgrade reads. */
function negotiatedRequest(upgrade: AcceptedUpgrade, deflate: Extension | undefined): IncomingMessage {
  const request = {
    method: 'GET',
    headers: {
      upgrade: 'websocket',
      'sec-websocket-key': upgrade.key,
      'sec-websocket-version': '13',
      ...(upgrade.subprotocol !== '' && { 'sec-websocket-protocol': upgrade.subprotocol }),
      ...(deflate !== undefined && { 'sec-websocket-extensions': formatExtensions([deflate]) }),
    },
  };
  // handleUpgrade reads method and headers of the request, and its socket only for verifyClient.
  return request as unknown as IncomingMessage;
}

/** The first offer of permessage-deflate that can be served; a bad offer is declined, not an error (RFC 7692 5.1). */
function acceptableDeflate(offers: readonly Extension[]): Extension | undefined {
  return offers.find((offer) => {
    if (offer.getName() !== DEFLATE) return false;
    try {
      const parsed = extension.parse(formatExtensions([offer]))[DEFLATE];
      new PerMessageDeflate({ isServer: true }).accept(parsed ?? []);
      return true;
    } catch {
      return false;
    }
  });
}

function agreedExtensions(lines: readonly string[]): Extension[] {
  const prefix = 'Sec-WebSocket-Extensions: ';
  const line = lines.find((candidate) => candidate.startsWith(prefix));
  return line === undefined ? [] : parseExtensions(line.slice(prefix.length));
}
