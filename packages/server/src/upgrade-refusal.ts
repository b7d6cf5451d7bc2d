import { HandshakeRejection } from '@serval/api';
import { Deadline } from '@serval/api/spi';
import { toError } from '@serval/container';
import { parseSubprotocols } from '@serval/protocol';
import { isRejection, readRejection, type Rejection, type WireClose } from './rejection';
import { hostOf, type RoutedRequest, type RoutedUpgrade, type UpgradeContext } from './routed-request';
import { accept } from './upgrade-answer';

/** Reports an error that user code threw after the client left or received its answer, so that no error is lost. */
export function reportLate({ container }: UpgradeContext, { target }: RoutedRequest, thrown: unknown): void {
  if (isRejection(thrown)) return;
  container.diagnostics.report({ kind: 'handshake-failed', path: target.path, error: toError(thrown) });
}

/** Tells the operator how a handshake ended. @returns the refusal, or undefined for what is none */
export function reportRefusal(
  { container: { diagnostics } }: UpgradeContext,
  { target: { path } }: RoutedRequest,
  thrown: unknown,
): Rejection | undefined {
  const read = isRejection(thrown) ? readRejection(thrown) : { error: toError(thrown) };
  if ('error' in read) {
    diagnostics.report({ kind: 'handshake-failed', path, error: read.error });
    return undefined;
  }
  diagnostics.report({ kind: 'handshake-refused', path, status: read.status, reason: read.reason });
  for (const message of read.leftOut) diagnostics.report({ kind: 'handshake-warning', path, message });
  return read;
}

/** Never throws, whatever user code threw. */
export function refuseUpgrade(context: UpgradeContext, routed: RoutedUpgrade, thrown: unknown): void {
  const { diagnostics } = context.container;
  const { reply } = routed;
  const { path } = routed.target;
  const rejection = reportRefusal(context, routed, thrown);
  if (rejection === undefined) {
    reply.refuse(500);
    return;
  }
  if (rejection.close === undefined) {
    reply.refuse(rejection.status, rejection.response);
    return;
  }
  try {
    acceptAndClose(context, routed, rejection.close);
  } catch (error) {
    diagnostics.report({ kind: 'handshake-failed', path, error: toError(error) });
    reply.stream.destroy();
  }
}

/** A browser's page learns nothing of a refused handshake; of a close frame it learns code and reason. */
function acceptAndClose(context: UpgradeContext, routed: RoutedUpgrade, { code, phrase }: WireClose): void {
  const transport = accept(context, routed, {
    subprotocol: offeredSubprotocol(routed),
    extensions: [],
    headers: [],
  });
  if (transport === undefined) return;
  const lost = new Deadline(context.container.settings.sessionCloseTimeout, () => transport.terminate());
  transport.open({
    textRule: { inParts: false, maxBytes: 0 },
    binaryRule: { inParts: false, maxBytes: 0 },
    onText: () => undefined,
    onBinary: () => undefined,
    onPong: () => undefined,
    onPing: () => undefined,
    onError: () => undefined,
    onClose: () => lost.clear(),
  });
  transport.close(code, phrase);
}

/** A browser that has offered subprotocols fails a handshake that chooses none, and its page would see 1006 after all. */
function offeredSubprotocol({ request, endpoint }: RoutedUpgrade): string {
  let offered: readonly string[] = [];
  try {
    offered = parseSubprotocols(request.headers.list('Sec-WebSocket-Protocol') ?? '');
  } catch {
    // None is offered, or the header is malformed: the connection is to be closed in either case.
  }
  return offered.find((name) => endpoint.config.getSubprotocols().includes(name)) ?? offered[0] ?? '';
}

export function foreignOrigin(
  { container }: UpgradeContext,
  { request, target }: RoutedRequest,
  origin: string | null,
): HandshakeRejection {
  container.diagnostics.report({ kind: 'origin-refused', path: target.path, origin, host: hostOf(request) });
  return new HandshakeRejection(403, {
    body: `The origin ${origin ?? '(none)'} may not open this WebSocket; the server can allow it with allowedOrigins.\n`,
  });
}

/** The log names the host, which the peer chose; the answer does not repeat the list. */
export function foreignHost({ container }: UpgradeContext, { request, target }: RoutedRequest): HandshakeRejection {
  const host = JSON.stringify(hostOf(request));
  const message = `it asks for the host ${host}, which allowedHosts does not list; add the name there if the server is reached under it.`;
  container.diagnostics.report({ kind: 'handshake-warning', path: target.path, message });
  return new HandshakeRejection(403, {
    body: `The server is not reached under the host ${host}; it can allow the name with allowedHosts.\n`,
  });
}
