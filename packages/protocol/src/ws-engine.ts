import type { IncomingMessage } from 'node:http';
import { loadLazily, type Transport } from '@serval/api/spi';
import type * as Ws from 'ws';
import type { AcceptedUpgrade, Engine } from './engine';
import type { EngineOptions } from './engine-options';
import { WsTransport } from './ws-transport';

/**
 * ws fixes the largest message when a connection begins, but a session may raise its limit later. So ws lets up to this
 * much through and the transport checks the session's own limit on each whole message.
 */
const LEAST_MAX_PAYLOAD = 1024 * 1024;

/**
 * The engine over the ws library, by its public interface only; without extensions.
 *
 * @throws DeploymentException when ws cannot be loaded
 */
export function createWsEngine({ maxFragments }: Pick<EngineOptions, 'maxFragments'> = {}): Engine {
  const { WebSocketServer } = loadLazily('ws', "engine: 'ws'", () => require('ws') as typeof Ws);
  return {
    installedExtensions: [],
    accept: (upgrade) => accept(WebSocketServer, serverOptions(upgrade, maxFragments), upgrade),
  };
}

/** ws's own server object does the 101; it is given exactly what was negotiated, and decides nothing. */
function accept(
  WebSocketServer: typeof Ws.WebSocketServer,
  options: Ws.ServerOptions,
  upgrade: AcceptedUpgrade,
): Transport | undefined {
  if (!upgrade.socket.readable || !upgrade.socket.writable) {
    upgrade.socket.destroy();
    return undefined;
  }
  const server = new WebSocketServer(options);
  server.on('headers', (lines) => {
    for (const [name, value] of upgrade.headers) lines.push(`${name}: ${value}`);
  });
  let transport: Transport | undefined;
  // handleUpgrade calls back before it returns, because there is no verifyClient.
  server.handleUpgrade(negotiatedRequest(upgrade), upgrade.socket, upgrade.head, (webSocket: Ws.WebSocket) => {
    webSocket.pause();
    transport = new WsTransport(webSocket, {
      extensions: [],
      isSecure: upgrade.isSecure,
      remoteAddress: upgrade.remoteAddress,
      deliveredWhole: upgrade.deliveredWhole,
      maxFrameBytes: upgrade.maxFrameBytes,
    });
  });
  return transport;
}

// @types/ws has neither closeTimeout nor maxFragments yet.
function serverOptions(
  upgrade: AcceptedUpgrade,
  maxFragments: number | undefined,
): Ws.ServerOptions & { readonly closeTimeout: number; readonly maxFragments?: number } {
  return {
    noServer: true,
    clientTracking: false,
    maxPayload: Math.max(upgrade.maxMessageBytes, LEAST_MAX_PAYLOAD),
    closeTimeout: upgrade.closeTimeoutMs,
    perMessageDeflate: false,
    ...(maxFragments !== undefined && { maxFragments }),
  };
}

/** A request that carries only what handleUpgrade reads. */
function negotiatedRequest(upgrade: AcceptedUpgrade): IncomingMessage {
  const request = {
    method: 'GET',
    headers: {
      upgrade: 'websocket',
      'sec-websocket-key': upgrade.key,
      'sec-websocket-version': '13',
      ...(upgrade.subprotocol !== '' && { 'sec-websocket-protocol': upgrade.subprotocol }),
    },
  };
  // handleUpgrade reads method and headers of the request, and its socket only for verifyClient.
  return request as unknown as IncomingMessage;
}
