import { CloseReason, HandshakeRejection } from '@serval/api';
import { Deadline, wireClose } from '@serval/api/spi';
import { toError } from '@serval/container';
import { parseSubprotocols } from '@serval/protocol';
import { isConnectionLimit, type ConnectionSeat } from './connection-limits';
import { isRejection, refusedBy } from './refusal-rule';
import { LINGER_MS, readRejection, type Rejection, type WireClose } from './rejection';
import { hostOf, placeOf, type RoutedRequest, type RoutedUpgrade, type UpgradeContext } from './routed-request';
import { accept } from './upgrade-answer';

/** Reports an error that user code threw after the client left or received its answer, so that no error is lost. */
export function reportLate({ container }: UpgradeContext, routed: RoutedRequest, thrown: unknown): void {
  if (isRejection(thrown)) return;
  container.diagnostics.report({ kind: 'handshake-failed', ...placeOf(routed), error: toError(thrown) });
}

/**
 * Reports how a handshake ended.
 *
 * @param canClose whether the server may accept the handshake and then close, if the refusal asks for it
 * @returns the refusal, or undefined for any other error
 */
export function reportRefusal(
  { container: { diagnostics } }: UpgradeContext,
  routed: RoutedRequest,
  thrown: unknown,
  canClose: (close: WireClose) => boolean = () => true,
): Rejection | undefined {
  const where = placeOf(routed);
  const read = isRejection(thrown) ? readRejection(thrown) : { error: toError(thrown) };
  if ('error' in read) {
    diagnostics.report({ kind: 'handshake-failed', ...where, status: 500, error: read.error });
    routed.traced?.failed(read.error);
    return undefined;
  }
  const { status, reason, rule, by } = read;
  const close = read.close !== undefined && canClose(read.close) ? read.close : undefined;
  diagnostics.report({ kind: 'handshake-refused', ...where, status, reason, rule, by, closeCode: close?.code });
  routed.traced?.refused(status, rule);
  if (read.cause !== undefined && status >= 500)
    diagnostics.report({ kind: 'handshake-failed', ...where, error: toError(read.cause) });
  for (const message of read.leftOut) diagnostics.report({ kind: 'handshake-warning', ...where, message });
  return { ...read, close };
}

/** The close frame in place of a refusal, where it is too late for a status. */
export function closeFor(context: UpgradeContext, rejection: Rejection | undefined): WireClose {
  const close = (code: number, phrase: string): WireClose => wireClose(CloseReason.truncated(code, phrase));
  if (rejection === undefined) return close(1011, 'The session could not be opened.');
  if (rejection.close !== undefined) return rejection.close;
  const phrase = Buffer.from(rejection.response.body ?? '')
    .toString()
    .trim();
  if (rejection.status !== 503) return close(1008, phrase);
  if (isConnectionLimit(rejection.rule)) return close(1013, phrase);
  // Not 1013: Tomcat, Qt, libwebsockets and others report it as a protocol error. Clients reconnect after 1001 too.
  return close(1001, context.isStopped() ? 'The server is stopping.' : phrase);
}

/** Refuses an upgrade according to the thrown error. Never throws. */
export function refuseUpgrade(context: UpgradeContext, routed: RoutedUpgrade, thrown: unknown): void {
  const { diagnostics } = context.container;
  const { reply } = routed;
  let seat: ConnectionSeat | undefined;
  const rejection = reportRefusal(context, routed, thrown, () => {
    seat = context.limits.seatForClose();
    return seat !== undefined;
  });
  const begun = closeFor(context, rejection);
  if (reply.closeBegun?.(begun.code, begun.phrase) === true) {
    seat?.release();
    return;
  }
  if (rejection === undefined) {
    reply.refuse(500);
    return;
  }
  if (rejection.close === undefined || seat === undefined) {
    reply.refuse(rejection.status, rejection.response);
    return;
  }
  try {
    // A client that was refused for too many connections must not keep one for long.
    const { sessionCloseTimeout } = context.container.settings;
    const patienceMs = isConnectionLimit(rejection.rule)
      ? Math.min(LINGER_MS, sessionCloseTimeout)
      : sessionCloseTimeout;
    acceptAndClose(context, routed, { close: rejection.close, seat, patienceMs });
  } catch (error) {
    seat.release();
    diagnostics.report({ kind: 'handshake-failed', ...placeOf(routed), error: toError(error) });
    routed.client.drop();
  }
}

/** The close frame of a refused client, and how long it may take to answer. */
interface Farewell {
  readonly close: WireClose;
  readonly seat: ConnectionSeat;
  readonly patienceMs: number;
}

/** A browser hides the status of a refused handshake from its page, but passes on the code and reason of a close frame. */
function acceptAndClose(
  context: UpgradeContext,
  routed: RoutedUpgrade,
  { close: { code, phrase }, seat, patienceMs }: Farewell,
): void {
  const transport = accept(context, routed, {
    subprotocol: offeredSubprotocol(routed),
    extensions: [],
    headers: [],
  });
  if (transport === undefined) {
    seat.release();
    return;
  }
  const lost = new Deadline(patienceMs, () => transport.terminate());
  transport.open({
    textRule: { inParts: false, maxBytes: 0 },
    binaryRule: { inParts: false, maxBytes: 0 },
    onText: () => undefined,
    onBinary: () => undefined,
    onPong: () => undefined,
    onPing: () => undefined,
    onError: () => undefined,
    onClose: () => {
      lost.clear();
      seat.release();
    },
  });
  transport.close(code, phrase);
}

const LONGEST_SUBPROTOCOL = 64;

/** A browser that offered subprotocols fails a handshake that chooses none, and its page would then see 1006. */
function offeredSubprotocol({ request, endpoint }: RoutedUpgrade): string {
  let offered: readonly string[] = [];
  try {
    offered = parseSubprotocols(request.headers.list('Sec-WebSocket-Protocol') ?? '');
  } catch {
    // The header is malformed. The server closes the connection anyway.
  }
  // A longer one is a token, which no answer repeats.
  const isName = (name: string): boolean => name.length <= LONGEST_SUBPROTOCOL;
  return offered.find((name) => endpoint.config.getSubprotocols().includes(name)) ?? offered.find(isName) ?? '';
}

export function foreignOrigin(
  { container }: UpgradeContext,
  routed: RoutedRequest,
  origin: string | null,
): HandshakeRejection {
  container.diagnostics.report({ kind: 'origin-refused', ...placeOf(routed), origin, host: hostOf(routed.request) });
  const body = `The origin ${origin ?? '(none)'} may not open this WebSocket; the server can allow it with allowedOrigins.\n`;
  return refusedBy('origin', new HandshakeRejection(403, { body }));
}

/** The log and the answer name the host, which the peer chose. The answer does not show the list. */
export function foreignHost({ container }: UpgradeContext, routed: RoutedRequest): HandshakeRejection {
  const host = JSON.stringify(hostOf(routed.request));
  const message = `it names the host ${host}, which allowedHosts does not contain; add the name if clients may use it.`;
  container.diagnostics.report({ kind: 'handshake-warning', ...placeOf(routed), message });
  const body = `The server does not accept the host ${host}; it can allow the name with allowedHosts.\n`;
  return refusedBy('host', new HandshakeRejection(403, { body }));
}
