import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  DecodeException,
  DeploymentException,
  EncodeException,
  ERROR_CODES,
  HandshakeException,
  HandshakeRejection,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  SessionException,
  SocketTimeoutException,
  type Session,
} from '@serval/api';

const cause = new RangeError('the root');
const session = { getId: () => 'f00d' } as Session;

const EXCEPTIONS = [
  [IllegalArgumentException, 'WS_ILLEGAL_ARGUMENT', () => new IllegalArgumentException('why', { cause })],
  [IllegalStateException, 'WS_ILLEGAL_STATE', () => new IllegalStateException('why', { cause })],
  [IOException, 'WS_IO', () => new IOException('why', { cause })],
  [SocketTimeoutException, 'WS_SEND_TIMEOUT', () => new SocketTimeoutException('why', { cause })],
  [DeploymentException, 'WS_DEPLOY_FAILED', () => new DeploymentException('why', cause)],
  [HandshakeException, 'WS_CONNECT_IO', () => new HandshakeException('why', cause, 'WS_CONNECT_IO')],
  [DecodeException, 'WS_DECODE', () => new DecodeException('{', 'why', cause)],
  [EncodeException, 'WS_ENCODE', () => new EncodeException({}, 'why', cause)],
  [SessionException, 'WS_SESSION', () => new SessionException('why', cause, session)],
] as const;

describe.each(EXCEPTIONS)('%p', (exceptionClass, code, make) => {
  const error: Error & { code: string } = make();

  test(`is an Error with message, cause, its own name and the code ${code}`, () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(exceptionClass);
    expect(error.name).toBe(exceptionClass.name);
    expect(error.message).toBe('why');
    expect(error.cause).toBe(cause);
    expect(error.code).toBe(code);
    expect(ERROR_CODES).toContain(code);
  });

  test('shows its name and message when printed', () => {
    expect(String(error)).toBe(`${exceptionClass.name}: why`);
  });
});

test('a SocketTimeoutException is an IOException, as in Java', () => {
  expect(new SocketTimeoutException('slow')).toBeInstanceOf(IOException);
});

describe('without a cause, the error has no cause property', () => {
  test.each([
    new DeploymentException('why'),
    new DecodeException('{', 'why'),
    new EncodeException({}, 'why'),
    new SessionException('why', null, session),
    new SessionException('why', undefined, session),
  ])('%s', (error) => {
    expect('cause' in error).toBe(false);
  });
});

test('a DeploymentException carries the code of the rule that was broken', () => {
  expect(new DeploymentException('why', undefined, 'WS_DEPLOY_BAD_PATH').code).toBe('WS_DEPLOY_BAD_PATH');
});

describe('HandshakeException', () => {
  const headers = new Map([['Set-Cookie', ['secret']]]);
  const error = new HandshakeException('why', undefined, 'WS_CONNECT_REFUSED', { status: 401, headers });

  test('is a DeploymentException with the response’s status and headers', () => {
    expect(error).toBeInstanceOf(DeploymentException);
    expect(error.status).toBe(401);
    expect(error.headers).toBe(headers);
  });

  test('has neither if no response arrived', () => {
    const silent = new HandshakeException('why', undefined, 'WS_CONNECT_TIMEOUT');
    expect([silent.status, silent.headers]).toEqual([undefined, undefined]);
  });

  describe('retryAfter', () => {
    const NOW = Date.parse('Sun, 06 Nov 1994 08:49:00 GMT');
    beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(NOW));
    afterEach(() => jest.restoreAllMocks());
    const retryAfter = (status: number, ...values: string[]) => {
      const answer = { status, headers: new Map(values.length === 0 ? [] : [['Retry-After', values]]) };
      return new HandshakeException('why', undefined, 'WS_CONNECT_REFUSED', answer).retryAfter;
    };

    test.each<[value: string, milliseconds: number | undefined]>([
      ['120', 120_000],
      ['0', 0],
      [' 7 ', 7000],
      ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
      ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
      ['Sun Nov  6 08:49:37 1994', 37_000],
      // A date in the past.
      ['Sat, 05 Nov 1994 08:49:37 GMT', 0],
      // Capped at the longest Node timer.
      ['99999999999999999999', 2 ** 31 - 1],
      ['Sun, 06 Nov 2094 08:49:37 GMT', 2 ** 31 - 1],
      ['-5', undefined],
      ['1.5', undefined],
      ['soon', undefined],
      ['1994-11-06T08:49:37Z', undefined],
      ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
      ['', undefined],
    ])('RFC 9110 10.2.3: "%s" is %p milliseconds', (value, milliseconds) => {
      expect(retryAfter(503, value)).toBe(milliseconds);
    });

    test('is read only from 429 and 503', () => {
      expect([429, 503, 302, 401, 500].map((status) => retryAfter(status, '2'))).toEqual([
        2000,
        2000,
        undefined,
        undefined,
        undefined,
      ]);
      expect(retryAfter(503)).toBeUndefined();
      expect(new HandshakeException('why', undefined, 'WS_CONNECT_IO').retryAfter).toBeUndefined();
    });
  });

  test('does not show headers when printed', () => {
    expect(inspect(error)).not.toContain('secret');
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});

describe('DecodeException', () => {
  test('has the text and no bytes after a text message', () => {
    const error = new DecodeException('{', 'not JSON');
    expect(error.getText()).toBe('{');
    expect(error.getBytes()).toBeNull();
  });

  test('has the empty text after an empty text message', () => {
    expect(new DecodeException('', 'empty').getText()).toBe('');
  });

  test('has the bytes and no text after a binary message', () => {
    const bytes = Buffer.from([1, 2]);
    const error = new DecodeException(bytes, 'not a point');
    expect(error.getBytes()).toBe(bytes);
    expect(error.getText()).toBeNull();
  });

  test('does not show the payload when printed', () => {
    expect(JSON.stringify(new DecodeException('secret', 'why'))).not.toContain('secret');
    expect(Object.values(new DecodeException('secret', 'why'))).not.toContain('secret');
  });
});

test('an EncodeException has the object', () => {
  const object = { secret: true };
  expect(new EncodeException(object, 'no encoder').getObject()).toBe(object);
});

test('a SessionException has the session', () => {
  expect(new SessionException('why', cause, session).getSession()).toBe(session);
});

describe('ERROR_CODES', () => {
  test('lists every code once', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
  });

  test('includes the code of HandshakeRejection', () => {
    expect(ERROR_CODES).toContain(new HandshakeRejection(401).code);
  });

  test('lists exactly the codes that docs/reference/errors.md documents', () => {
    const page = readFileSync(join(__dirname, '../../../docs/reference/errors.md'), 'utf8');
    // The first column of its tables: | `WS_IO` | … |
    const documented = [...page.matchAll(/^\|\s*`(WS_[A-Z_]+)`\s*\|/gm)].map(([, code]) => code);
    expect(documented.sort()).toEqual([...ERROR_CODES].sort());
  });
});
