// A server sends frames: o · h · a["one","two"] · c[3000,"Go away!"]. A client sends lists of messages: ["one","two"]

/** The first frame of every session. */
export const OPEN_FRAME = 'o';
/** Keeps proxies from closing a quiet connection. */
export const HEARTBEAT_FRAME = 'h';

/**
 * Browsers change these characters in the text of a response, or cannot receive them over WebSocket. JSON escapes the
 * control characters and single surrogates itself. A pair of surrogates is escaped too, as sockjs-node and Spring do.
 */
const FRAGILE = /[\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff\ud800-\udfff]/g;
const IS_FRAGILE = new RegExp(FRAGILE.source);

/** One frame with all messages. */
export function formatMessages(texts: readonly string[]): string {
  return `a${escapeFragile(JSON.stringify(texts))}`;
}

export function formatClose(code: number, reason: string): string {
  return `c${escapeFragile(JSON.stringify([code, reason]))}`;
}

function escapeFragile(json: string): string {
  if (!IS_FRAGILE.test(json)) return json;
  return json.replace(FRAGILE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A frame of a server, as a client reads it. */
export type ServerFrame =
  | { readonly kind: 'open' }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'messages'; readonly texts: readonly string[] }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/**
 * Reads one frame, without the line end that a transport puts behind it. Also reads `m"text"`, which the protocol allows
 * for a single message.
 *
 * @returns undefined if it is no frame of SockJS
 */
export function parseFrame(frame: string): ServerFrame | undefined {
  switch (frame[0]) {
    case 'o':
      return frame === OPEN_FRAME ? { kind: 'open' } : undefined;
    case 'h':
      return frame === HEARTBEAT_FRAME ? { kind: 'heartbeat' } : undefined;
    case 'a': {
      const texts = parseJson(frame.slice(1));
      return isTextList(texts) ? { kind: 'messages', texts } : undefined;
    }
    case 'm': {
      const text = parseJson(frame.slice(1));
      return typeof text === 'string' ? { kind: 'messages', texts: [text] } : undefined;
    }
    case 'c': {
      const close = parseJson(frame.slice(1));
      if (!Array.isArray(close)) return undefined;
      const [code, reason] = close as readonly unknown[];
      return typeof code === 'number' && typeof reason === 'string' ? { kind: 'close', code, reason } : undefined;
    }
    default:
      return undefined;
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The messages that a client sent in one body or one WebSocket message, or the reason for which there are none. */
export type Sent =
  | { readonly kind: 'messages'; readonly texts: readonly string[] }
  /** It is empty, or is not a list of texts. */
  | { readonly kind: 'no payload' }
  | { readonly kind: 'broken JSON' };

/** Differs from sockjs-node, which passes the number of `[1]` to the application: a message is a text. */
export function parseSent(body: string): Sent {
  if (body === '') return { kind: 'no payload' };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { kind: 'broken JSON' };
  }
  return isTextList(value) ? { kind: 'messages', texts: value } : { kind: 'no payload' };
}

/** JSON escapes the surrogates that UTF-8 cannot carry, so every text arrives unchanged. */
export function formatSent(texts: readonly string[]): string {
  return JSON.stringify(texts);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
