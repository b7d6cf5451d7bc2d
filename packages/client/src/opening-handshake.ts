import { randomBytes } from 'node:crypto';
import { HandshakeException, type ClientEndpointConfig, type Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { formatExtensions, HeaderMap, tolerateNoErrors, type ClientEngine } from '@serval/protocol';
import { configuredRequest, type RequestParts } from './configured-request';
import type { ServerAnswer } from './http-exchange';
import { badAnswer, checkAnswer } from './server-answer';
import { describeUri, hostHeader } from './server-uri';

/** The parts of an opening handshake. */
export interface HandshakeParts extends RequestParts {
  readonly engine: ClientEngine;
  readonly closeTimeoutMs: number;
  readonly maxFrameBytes: number;
}

/** A WebSocket that a server accepted. */
export interface OpenedWebSocket {
  /** Paused. */
  readonly transport: Transport;
  /** The URI after redirects. */
  readonly uri: URL;
  /** The empty string for none. */
  readonly subprotocol: string;
}

/**
 * Opens a WebSocket by RFC 6455 4.1.
 *
 * @throws HandshakeException (as a rejection) when it fails; it then leaves no connection behind
 */
export function openingHandshake(parts: HandshakeParts): Promise<OpenedWebSocket> {
  let key = '';
  return configuredRequest(
    parts,
    (uri) => {
      key = randomBytes(16).toString('base64');
      return { method: 'GET', headers: upgradeHeaders(parts, uri, key) };
    },
    ({ uri }, answer) => takeOver(parts, uri, key, answer),
  );
}

function upgradeHeaders({ config, engine }: HandshakeParts, uri: URL, key: string): HeaderMap {
  const headers = new HeaderMap();
  headers.add('Host', hostHeader(uri));
  headers.add('Upgrade', 'websocket');
  headers.add('Connection', 'Upgrade');
  headers.add('Sec-WebSocket-Key', key);
  headers.add('Sec-WebSocket-Version', '13');
  const subprotocols = config.getPreferredSubprotocols();
  if (subprotocols.length > 0) headers.add('Sec-WebSocket-Protocol', subprotocols.join(', '));
  const extensions = offers(config, engine);
  if (extensions.length > 0) headers.add('Sec-WebSocket-Extensions', formatExtensions(extensions));
  return headers;
}

/** The endpoint's own extensions come first, as on the server. Only the engine offers compression. */
function offers(config: ClientEndpointConfig, engine: ClientEngine): readonly Extension[] {
  return [...config.getExtensions().filter((extension) => extension.getName() !== COMPRESSION), ...engine.offers];
}

/** RFC 7692 7. */
const COMPRESSION = 'permessage-deflate';

function takeOver(parts: HandshakeParts, uri: URL, key: string, answer: ServerAnswer): OpenedWebSocket {
  const { config, engine } = parts;
  const { subprotocol, extensions } = checkAnswer(answer, {
    uri,
    key,
    subprotocols: config.getPreferredSubprotocols(),
  });
  const { upgraded } = answer;
  // The connection may have ended while the configurator ran.
  if (upgraded === undefined || upgraded.socket.destroyed) {
    throw new HandshakeException(
      `${describeUri(uri)} accepted the upgrade, then closed the connection.`,
      undefined,
      'WS_CONNECT_IO',
      answer,
    );
  }
  const transport = engine.open({
    ...upgraded,
    extensions,
    isSecure: uri.protocol === 'wss:',
    remoteAddress: upgraded.socket.remoteAddress,
    closeTimeoutMs: parts.closeTimeoutMs,
    maxFrameBytes: parts.maxFrameBytes,
  });
  if (transport === undefined) {
    const offered = formatExtensions(offers(config, engine));
    throw badAnswer(
      uri,
      answer,
      `Sec-WebSocket-Extensions: ${answer.headers.list('Sec-WebSocket-Extensions') ?? ''}`,
      engine.offers.length > 0
        ? `an answer to the offer ${formatExtensions(engine.offers)}`
        : `none, because this client supports none${offered === '' ? '' : ` of ${offered}`}`,
    );
  }
  tolerateNoErrors(upgraded.socket);
  return { transport, uri, subprotocol };
}
