import { randomBytes, randomInt } from 'node:crypto';
import type { Readable } from 'node:stream';
import { CloseReason, HandshakeException, type ErrorCode } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { AnswerError, toError } from './client-answers';
import type { SockJsTransportName } from './client-channel';
import type { SockJsAttempt, SockJsRequests } from './client-requests';
import { SockJsSession, type Refusal } from './client-session';
import { WebSocketChannel } from './client-web-socket';
import { XhrChannel, type XhrKind } from './client-xhr';

/** How to connect. */
export interface SockJsConnectSettings {
  /** In the order in which they are tried. */
  readonly transports: readonly SockJsTransportName[];
  /** The shortest time that each of them gets, in milliseconds. */
  readonly timeoutMs: number;
  /** How long the server may be silent; Infinity for any time. */
  readonly heartbeatTimeoutMs: number;
  /** How long the server may take to accept messages. */
  readonly sendTimeoutMs: number;
}

/** A session that a server has opened. */
export interface ConnectedSockJs {
  /** Paused. */
  readonly transport: Transport;
  readonly name: SockJsTransportName;
  /** The empty string for none. Only a WebSocket has one. */
  readonly subprotocol: string;
}

/**
 * Opens a session: asks for the server's info, then tries one transport after the other.
 *
 * @throws HandshakeException (as a rejection) when none of them opens; nothing is left behind then
 */
export async function connectSockJs(
  requests: SockJsRequests,
  settings: SockJsConnectSettings,
): Promise<ConnectedSockJs> {
  const { hasWebSocket, roundTripMs } = await requestInfo(requests);
  const timeoutMs = Math.max(settings.timeoutMs, ROUND_TRIPS * retransmissionTimeout(roundTripMs));
  const names = settings.transports.filter((name) => name !== 'websocket' || hasWebSocket);
  const failures: Failure[] = [];
  for (const name of names) {
    const tooLate = (): Error =>
      new HandshakeException(
        `it did not open within ${Math.ceil(timeoutMs)} ms (sockJs.timeout, and the time that ${requests.name}/info took)`,
        undefined,
        'WS_CONNECT_TIMEOUT',
      );
    const attempt = requests.attempt(timeoutMs, tooLate);
    try {
      return await openTransport(requests, attempt, name, settings);
    } catch (thrown) {
      if (requests.error !== undefined) throw requests.error;
      if (!(thrown instanceof HandshakeException) || isFinal(thrown)) throw thrown;
      failures.push({ name, error: thrown });
    } finally {
      attempt.clear();
    }
  }
  throw allFailed(requests, failures);
}

// --- info -------------------------------------------------------------------------------------------------------------

interface Info {
  readonly hasWebSocket: boolean;
  readonly roundTripMs: number;
}

/** Its four members have about a hundred characters. */
const MAX_INFO_BYTES = 16_384;

async function requestInfo(requests: SockJsRequests): Promise<Info> {
  const { answer, since } = await requests.info();
  const { status, body } = answer;
  const bad = (code: ErrorCode, found: string): HandshakeException =>
    new HandshakeException(
      `${requests.name}/info answered ${found}; expected the JSON object of a SockJS endpoint.`,
      undefined,
      code,
      answer,
    );
  try {
    if (status !== 200) throw bad('WS_CONNECT_REFUSED', String(status));
    const text = await requests.within(readText(body, MAX_INFO_BYTES));
    const roundTripMs = performance.now() - since;
    if (text === undefined) throw bad('WS_CONNECT_BAD_ANSWER', `more than ${MAX_INFO_BYTES} bytes`);
    const info = parseInfo(text);
    if (info === undefined) throw bad('WS_CONNECT_BAD_ANSWER', JSON.stringify(text.slice(0, MAX_SHOWN)));
    return { hasWebSocket: info.websocket !== false, roundTripMs };
  } catch (thrown) {
    if (thrown instanceof HandshakeException) throw thrown;
    throw new HandshakeException(
      `${requests.name}/info broke off: ${messageOf(thrown)}.`,
      thrown,
      'WS_CONNECT_IO',
      answer,
    );
  } finally {
    body.destroy();
  }
}

const MAX_SHOWN = 40;

/** @returns undefined if it is longer than that */
async function readText(body: Readable, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Without an encoding a response gives Buffers.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseInfo(text: string): { readonly websocket?: unknown } | undefined {
  try {
    const info: unknown = JSON.parse(text);
    return typeof info === 'object' && info !== null && !Array.isArray(info) ? info : undefined;
  } catch {
    return undefined;
  }
}

/** A transport needs one round trip to connect and one to open. */
const ROUND_TRIPS = 2;

/** As sockjs-client and Spring calculate it. */
function retransmissionTimeout(roundTripMs: number): number {
  return roundTripMs > 100 ? 4 * roundTripMs : 300 + roundTripMs;
}

// --- transports -------------------------------------------------------------------------------------------------------

interface Failure {
  readonly name: SockJsTransportName;
  readonly error: HandshakeException;
}

/** Errors after which another transport would fail in the same way, or must not be tried. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WS_CONNECT_ENDPOINT',
  'WS_CONNECT_STOPPED',
  'WS_CONNECT_AUTHENTICATION',
  'WS_CONNECT_REALM',
]);

function isFinal({ code, cause }: HandshakeException): boolean {
  if (!(cause instanceof CloseReason)) return FINAL.has(code);
  // As in sockjs-client: an application chose such a code. Any other may come from a proxy.
  return cause.code === 1000 || cause.code >= 3000;
}

async function openTransport(
  requests: SockJsRequests,
  attempt: SockJsAttempt,
  name: SockJsTransportName,
  settings: SockJsConnectSettings,
): Promise<ConnectedSockJs> {
  const path = `/${String(randomInt(1000)).padStart(3, '0')}/${randomBytes(16).toString('hex')}`;
  const { sendTimeoutMs, heartbeatTimeoutMs } = settings;
  const kind: XhrKind = name === 'xhr-polling' ? 'xhr' : 'xhr_streaming';
  const opened = name === 'websocket' ? await attempt.openWebSocket(`${path}/websocket`) : undefined;
  const channel =
    opened === undefined
      ? new XhrChannel(requests.openConnections(), { kind, isSecure: requests.isSecure, path, sendTimeoutMs })
      : new WebSocketChannel(opened.transport);
  const session = new SockJsSession(channel, heartbeatTimeoutMs);
  try {
    const refusal = await attempt.within(session.begin());
    if (refusal !== undefined) throw refused(requests, refusal);
    return { transport: session, name, subprotocol: opened?.subprotocol ?? '' };
  } catch (error) {
    session.terminate();
    throw error;
  }
}

function refused(requests: SockJsRequests, { close, error }: Refusal): HandshakeException {
  if (error instanceof HandshakeException) return error;
  if (error instanceof AnswerError)
    return new HandshakeException(withoutStop(error.message), error, 'WS_CONNECT_REFUSED', error.answer);
  if (error !== undefined) {
    const isBad = 'closeCode' in error;
    return new HandshakeException(withoutStop(error.message), error, isBad ? 'WS_CONNECT_BAD_ANSWER' : 'WS_CONNECT_IO');
  }
  const reason = CloseReason.truncated(close.code, close.reason);
  return new HandshakeException(
    `${requests.name} closed the session before it opened: ${reason.toString()}`,
    reason,
    'WS_CONNECT_REFUSED',
  );
}

function allFailed(requests: SockJsRequests, failures: readonly Failure[]): HandshakeException {
  const last = failures.at(-1)?.error;
  if (last === undefined)
    return new HandshakeException(
      `${requests.name} has no WebSocket, by its info. Add xhr-streaming or xhr-polling to sockJs.transports.`,
      undefined,
      'WS_CONNECT_REFUSED',
    );
  const listed = failures.map(({ name, error }) => `${name}: ${withoutStop(error.message)}`).join('; ');
  const { status, headers } = last;
  return new HandshakeException(
    `No SockJS transport of ${requests.name} opened. ${listed}.`,
    failures.length === 1 ? last : new AggregateError(failures.map(({ error }) => error)),
    last.code,
    // For the status, and for the Retry-After of a server that asks for a pause.
    status === undefined || headers === undefined ? undefined : { status, headers },
  );
}

function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}

function messageOf(thrown: unknown): string {
  return withoutStop(toError(thrown).message);
}
