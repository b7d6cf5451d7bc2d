import type { Headers } from './handshake';

/** A timer of Node takes 31 bits of milliseconds, 24.8 days. */
const LONGEST = 2 ** 31 - 1;

/** Too many requests (RFC 6585 4), and a service that is not there now (RFC 9110 15.6.4). */
const ASKS_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

// RFC 9110 5.6.7: the three forms of a date, none of which has another time zone.
const RFC_1123 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * How long a server asks to wait before the next attempt, by the Retry-After of a 429 or a 503.
 *
 * @returns milliseconds, 0 for a date that has passed and 2147483647 at most; undefined where it asks for nothing, or
 * for what is neither seconds nor a date
 * @see RFC 9110 10.2.3
 */
export function readRetryAfter(status: number, headers: Headers, now = Date.now()): number | undefined {
  const value = ASKS_TO_WAIT.has(status) ? headers.get('Retry-After')?.[0]?.trim() : undefined;
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, LONGEST);
  const date = RFC_1123.test(value) || RFC_850.test(value) ? value : ASCTIME.test(value) ? `${value} GMT` : '';
  const time = Date.parse(date);
  return Number.isNaN(time) ? undefined : Math.min(Math.max(time - now, 0), LONGEST);
}
