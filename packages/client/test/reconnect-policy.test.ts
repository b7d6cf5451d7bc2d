import { CloseReason, HandshakeException, type ErrorCode } from '@serval/api';
import { ReconnectPolicy, type ReconnectOptions } from '../src/reconnect-policy';

const LOST = new CloseReason(1006);

function delays(options: ReconnectOptions, random: number, attempts: readonly number[]): unknown[] {
  const policy = new ReconnectPolicy(options, () => random);
  return attempts.map((attempt) => policy.next(attempt, LOST, 0));
}

function failure(code: ErrorCode, status?: number, headers: Record<string, string> = {}): HandshakeException {
  const answer =
    status === undefined
      ? undefined
      : { status, headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])) };
  return new HandshakeException('failed', undefined, code, answer);
}

describe('the delay', () => {
  const attempts = [1, 2, 3, 4, 5, 6, 7, 1000];

  test('lies between the shortest delay and one that doubles up to the longest', () => {
    expect(delays({}, 0, attempts)).toEqual(attempts.map(() => 100));
    expect(delays({}, 1, attempts)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(delays({}, 0.5, [1, 2])).toEqual([550, 1050]);
  });

  test('stays within the limits of the options', () => {
    const options = { minDelay: 20, initialDelay: 50, maxDelay: 60 };
    expect(delays(options, 0, attempts)).toEqual(attempts.map(() => 20));
    expect(delays(options, 1, [1, 2, 3])).toEqual([50, 60, 60]);
    expect(delays({ minDelay: 500, initialDelay: 100 }, 1, [1, 2])).toEqual([500, 500]);
  });

  test('is spread over the whole range by default', () => {
    const policy = new ReconnectPolicy({});
    const found = Array.from({ length: 200 }, () => policy.next(3, LOST, 0) as number);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...found)).toBeLessThanOrEqual(4000);
    expect(new Set(found).size).toBeGreaterThan(20);
  });

  test('is added to a Retry-After of at most five minutes', () => {
    const policy = new ReconnectPolicy({}, () => 0);
    const next = (seconds: string) => policy.next(1, failure('WS_CONNECT_REFUSED', 503, { 'Retry-After': seconds }), 0);
    expect([next('7'), next('300'), next('86400'), next('soon')]).toEqual([7100, 300_100, 300_100, 100]);
  });

  test('is false after maxAttempts', () => {
    expect(delays({ maxAttempts: 2 }, 0, [1, 2, 3])).toEqual([100, 100, false]);
  });
});

describe('temporary failures', () => {
  const policy = new ReconnectPolicy({}, () => 0);
  const PASSING = [1001, 1005, 1006, 1011, 1012, 1013, 1014];
  const FINAL = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000, 4999];

  test.each([...PASSING.map((code) => [code, 100] as const), ...FINAL.map((code) => [code, false] as const)])(
    'a session that ended with %d: %s',
    (code, expected) => {
      expect(policy.next(1, new CloseReason(code), 0)).toBe(expected);
    },
  );

  test.each<[code: ErrorCode, status: number | undefined, expected: number | false]>([
    ['WS_CONNECT_IO', undefined, 100],
    ['WS_CONNECT_TIMEOUT', undefined, 100],
    ['WS_CONNECT_REFUSED', 500, 100],
    ['WS_CONNECT_REFUSED', 502, 100],
    ['WS_CONNECT_REFUSED', 503, 100],
    ['WS_CONNECT_REFUSED', 504, 100],
    ['WS_CONNECT_REFUSED', 408, 100],
    ['WS_CONNECT_REFUSED', 425, 100],
    ['WS_CONNECT_REFUSED', 429, 100],
    ['WS_CONNECT_REFUSED', 200, false],
    ['WS_CONNECT_REFUSED', 400, false],
    ['WS_CONNECT_REFUSED', 401, false],
    ['WS_CONNECT_REFUSED', 403, false],
    ['WS_CONNECT_REFUSED', 404, false],
    ['WS_CONNECT_REFUSED', 426, false],
    ['WS_CONNECT_TLS', undefined, false],
    ['WS_CONNECT_BAD_URI', undefined, false],
    ['WS_CONNECT_BAD_ANSWER', 101, false],
    ['WS_CONNECT_REDIRECT', 302, false],
    ['WS_CONNECT_ENDPOINT', undefined, false],
    ['WS_CONNECT_ENDPOINT', 503, false],
  ])('a failed attempt with %s, status %s: %s', (code, status, expected) => {
    expect(policy.next(1, failure(code, status), 0)).toBe(expected);
  });

  test('an error that is not a HandshakeException: false', () => {
    expect(policy.next(1, new Error('bad option'), 0)).toBe(false);
  });
});

describe('a delay function', () => {
  test('receives the attempt, the cause, the time and the default, and decides', async () => {
    const told: unknown[] = [];
    const decisions: (number | false | Promise<number>)[] = [5, false, Promise.resolve(6)];
    const policy = new ReconnectPolicy(
      {
        delay(attempt) {
          told.push(attempt);
          return decisions[told.length - 1] ?? 0;
        },
      },
      () => 0,
    );
    const last = new CloseReason(1000);
    expect([policy.next(1, LOST, 0), policy.next(2, last, 9), await policy.next(3, LOST, 10)]).toEqual([5, false, 6]);
    expect(told).toEqual([
      { attempt: 1, cause: LOST, elapsed: 0, defaultDelay: 100 },
      { attempt: 2, cause: last, elapsed: 9, defaultDelay: false },
      { attempt: 3, cause: LOST, elapsed: 10, defaultDelay: 100 },
    ]);
  });

  test.each([[-1], [NaN], ['5'], [undefined], [null], [2 ** 31], [true]])('may not return %p', async (decision) => {
    const message = /The result of reconnect.delay is a number of milliseconds from 0 to 2147483647, or false; found/;
    const policy = (delay: unknown) => new ReconnectPolicy({ delay: () => delay as number });
    await expect((async () => policy(decision).next(1, LOST, 0))()).rejects.toThrow(message);
    await expect((async () => policy(Promise.resolve(decision)).next(1, LOST, 0))()).rejects.toThrow(message);
  });
});
