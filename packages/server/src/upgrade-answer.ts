import type { Extension, HandshakeResponse } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { HeaderMap, type AcceptedConnection, type HeaderLine } from '@serval/protocol';
import { isValidHeader } from './rejection';
import type { RoutedRequest, RoutedUpgrade, UpgradeContext } from './routed-request';

// The handshake itself writes these headers. A Configurator sees them but cannot change them.
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'upgrade',
  'connection',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]);

// RFC 9110 8.6 and 9112 6.1: a 101 and a response to CONNECT have no body headers. The others belong to a connection that
// continues as HTTP.
const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'trailer',
  'te',
  'keep-alive',
  'proxy-connection',
]);

/** The response, as passed to `modifyHandshake`. */
export function handshakeResponse(
  ownHeaders: readonly HeaderLine[],
  subprotocol: string,
  extensions: readonly Extension[],
): HandshakeResponse {
  const headers = new HeaderMap();
  for (const [name, value] of ownHeaders) headers.add(name, value);
  if (subprotocol !== '') headers.add('Sec-WebSocket-Protocol', subprotocol);
  if (extensions.length > 0) headers.add('Sec-WebSocket-Extensions', extensions.map((one) => one.getName()).join(', '));
  return { getHeaders: () => headers };
}

type Negotiated = Pick<AcceptedConnection, 'subprotocol' | 'extensions' | 'headers'>;

/** Accepts the upgrade. @returns undefined if the client has left */
export function accept(context: UpgradeContext, routed: RoutedUpgrade, negotiated: Negotiated): Transport | undefined {
  const { request, reply } = routed;
  return reply.accept(request, context.engine, acceptedConnection(context, routed, negotiated));
}

/** The facts of the connection that an upgrade opens. */
export function acceptedConnection(
  { container }: UpgradeContext,
  { request, endpoint }: RoutedRequest,
  { subprotocol, extensions, headers }: Negotiated,
): AcceptedConnection {
  const { settings } = container;
  const { text, binary } = endpoint.plan;
  const limits = endpoint.config.getLimits();
  return {
    subprotocol,
    extensions,
    headers,
    isSecure: request.isSecure,
    remoteAddress: request.remoteAddress,
    maxMessageBytes: Math.max(
      limits.textBufferSize ?? settings.textBufferSize,
      limits.binaryBufferSize ?? settings.binaryBufferSize,
      text?.maxMessageSize ?? 0,
      binary?.maxMessageSize ?? 0,
    ),
    closeTimeoutMs: settings.sessionCloseTimeout,
    maxFrameBytes: settings.maxFrameSize,
    deliveredWhole: () => container.diagnostics.report({ kind: 'delivered-whole', endpoint: endpoint.plan.name }),
  };
}

/** The headers that `modifyHandshake` added. @throws Error when HTTP does not allow one of them */
export function additionalHeaders(
  { container }: UpgradeContext,
  { target: { path } }: RoutedRequest,
  response: HandshakeResponse,
): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const [name, values] of response.getHeaders()) {
    if (OWN_HEADERS.has(name.toLowerCase())) continue;
    if (FRAMING_HEADERS.has(name.toLowerCase())) {
      const message = `modifyHandshake set ${JSON.stringify(name)}, which was left out: a response that opens a WebSocket has no body.`;
      container.diagnostics.report({ kind: 'handshake-warning', path, message });
      continue;
    }
    // Read once, so that the checked value is the one that is sent.
    const sent: unknown[] = Array.isArray(values) ? [...(values as unknown[])] : [undefined];
    for (const value of sent) {
      if (!isValidHeader(name, value))
        throw new Error(`modifyHandshake set a header that HTTP does not allow: ${JSON.stringify(name)}.`);
      lines.push([name, value]);
    }
  }
  return lines;
}
