import { HandshakeException, type Extension } from '@serval/api';
import { acceptValue, parseExtensions } from '@serval/protocol';
import type { ServerAnswer } from './http-exchange';
import { describeUri } from './server-uri';

/** The parts of the request that the answer must match. */
export interface Asked {
  readonly uri: URL;
  readonly key: string;
  readonly subprotocols: readonly string[];
}

/** The negotiated subprotocol and extensions. The engine checks whether the extensions were offered. */
export interface Agreed {
  /** The empty string for none. */
  readonly subprotocol: string;
  readonly extensions: readonly Extension[];
}

/**
 * Checks a response by RFC 6455 4.1, except the choice of extensions.
 *
 * @throws HandshakeException when a check fails; the message names the value found and the value expected
 */
export function checkAnswer(answer: ServerAnswer, asked: Asked): Agreed {
  const { headers, status } = answer;
  // 1. The status.
  if (status !== 101) {
    throw new HandshakeException(
      `${describeUri(asked.uri)} refused the WebSocket with status ${status}; expected 101.${status === 401 ? ' Pass credentials with the option credentials, or the user properties WS_AUTHENTICATION_USER_NAME and _PASSWORD.' : ''}`,
      undefined,
      'WS_CONNECT_REFUSED',
      answer,
    );
  }
  const bad = (found: string, expected: string, cause?: unknown): HandshakeException =>
    badAnswer(asked.uri, answer, found, expected, cause);
  const show = (name: string): string => `${name}: ${headers.list(name) ?? '(none)'}`;

  // 2. and 3.
  if (headers.list('Upgrade')?.toLowerCase() !== 'websocket') throw bad(show('Upgrade'), 'websocket');
  const tokens = headers.list('Connection')?.split(',') ?? [];
  if (!tokens.some((token) => token.trim().toLowerCase() === 'upgrade')) throw bad(show('Connection'), 'Upgrade');

  // 4. A server that did not read the key does not speak WebSocket; it may replay another response.
  if (headers.list('Sec-WebSocket-Accept') !== acceptValue(asked.key))
    throw bad(show('Sec-WebSocket-Accept'), 'the value that belongs to the key of the request');

  // 6.
  // An empty header means no subprotocol, since the client never requests an empty one.
  const chosen = (headers.get('Sec-WebSocket-Protocol') ?? []).filter((value) => value.trim() !== '');
  if (chosen.length > 1) throw bad(show('Sec-WebSocket-Protocol'), 'the header once at most');
  const [subprotocol] = chosen;
  if (subprotocol !== undefined && !asked.subprotocols.includes(subprotocol)) {
    throw bad(
      show('Sec-WebSocket-Protocol'),
      asked.subprotocols.length === 0 ? 'none, as none was requested' : `one of ${asked.subprotocols.join(', ')}`,
    );
  }

  // 5. The engine checks which of them were offered.
  const listed = headers.list('Sec-WebSocket-Extensions');
  try {
    return { subprotocol: subprotocol ?? '', extensions: listed === undefined ? [] : parseExtensions(listed) };
  } catch (cause) {
    throw bad(show('Sec-WebSocket-Extensions'), 'a list of extensions', cause);
  }
}

/** @param found a header of the response */
export function badAnswer(
  uri: URL,
  answer: ServerAnswer,
  found: string,
  expected: string,
  cause?: unknown,
): HandshakeException {
  return new HandshakeException(
    `${describeUri(uri)} did not open the WebSocket by RFC 6455 4.1: found ${found}; expected ${expected}.`,
    cause,
    'WS_CONNECT_BAD_ANSWER',
    answer,
  );
}
