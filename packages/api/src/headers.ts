/** Header names with their values in order. Lookups ignore the case of the name. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** Node's timers take at most 31 bits of milliseconds, 24.8 days. */
const LONGEST = 2 ** 31 - 1;

/** Too Many Requests (RFC 6585 4) and Service Unavailable (RFC 9110 15.6.4). */
const ASKS_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

// RFC 9110 5.6.7: the three date formats, all in GMT.
const RFC_1123 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC_850 = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * Reads the delay before the next attempt from the Retry-After header of a 429 or a 503.
 *
 * @returns milliseconds, 0 for a date in the past and 2147483647 at most; undefined if the header is missing, or is
 * neither seconds nor a date
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
