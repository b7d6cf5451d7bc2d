import { HeaderMap } from '@serval/protocol';
import { parseChallenges } from '../src/challenges';
import type { Credentials } from '../src/credentials';
import { Authentication } from '../src/http-authentication';

describe('RFC 9110 11.6.1: challenges', () => {
  const read = (...values: string[]) =>
    parseChallenges(values).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

  test.each<[what: string, values: string[], challenges: unknown[]]>([
    ['one', ['Basic realm="simple"'], [['basic', { realm: 'simple' }]]],
    [
      'several in one value, after an unknown one',
      ['Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"'],
      [
        ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
        ['basic', { realm: 'simple' }],
      ],
    ],
    [
      'several values',
      ['Negotiate', 'BASIC Realm = "a, b=c" ,CharSet=UTF-8'],
      [
        ['negotiate', {}],
        ['basic', { realm: 'a, b=c', charset: 'UTF-8' }],
      ],
    ],
    [
      'token68 is no parameter',
      ['NTLM TlRMTVNTUAAC+/==, Basic realm="b"'],
      [
        ['ntlm', {}],
        ['basic', { realm: 'b' }],
      ],
    ],
    ['empty elements', [' , ,Basic , , realm="a",,'], [['basic', { realm: 'a' }]]],
    ['a parameter twice: the first', ['Basic realm="a", realm="b"'], [['basic', { realm: 'a' }]]],
    ['an empty realm', ['Basic realm=""'], [['basic', { realm: '' }]]],
    [
      'names that objects have',
      ['Basic __proto__="x", constructor=y'],
      [
        [
          'basic',
          Object.fromEntries([
            ['__proto__', 'x'],
            ['constructor', 'y'],
          ]),
        ],
      ],
    ],
    ['nothing', ['', ' '], []],
    [
      'an open quote ends its value',
      ['Negotiate, Basic realm="a', 'Digest a=b'],
      [
        ['negotiate', {}],
        ['digest', { a: 'b' }],
      ],
    ],
    ['text behind a quote', ['Basic realm="a"b'], []],
    ['what begins with no name', ['"a"'], []],
  ])('%s', (_what, values, challenges) => {
    expect(read(...values)).toEqual(challenges);
  });

  test('reads a long value once', () => {
    const value = `Digest ${'a="\\"", '.repeat(20_000)}b="${'\\\\'.repeat(100_000)}`;
    expect(read(value)).toEqual([]);
  });
});

const MUFASA = { username: 'Mufasa', password: 'Circle of Life' };
const NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const OPAQUE = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const digest = (more: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="${NONCE}", ${more}`;

function answer(...values: string[]) {
  const headers = new HeaderMap();
  for (const value of values) headers.add('WWW-Authenticate', value);
  return { status: 401, headers, rawHeaders: [], upgraded: undefined };
}

function authorize(
  values: readonly string[],
  credentials: Credentials = MUFASA,
  {
    method,
    target = '/dir/index.html',
    cnonce = CNONCE,
  }: { method?: 'GET' | 'CONNECT'; target?: string; cnonce?: string } = {},
): string {
  const authentication = new Authentication({ name: 'ws://a/', challengeHeader: 'WWW-Authenticate' }, credentials);
  return authentication.authorize(answer(...values), { method: method ?? 'GET', target }, () => cnonce);
}

describe('Basic', () => {
  test.each([
    ['RFC 7617 2', 'Aladdin', 'open sesame', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['RFC 7617 2.1', 'test', '123\u00A3', 'Basic dGVzdDoxMjPCow=='],
    ['no password', 'ann', '', 'Basic YW5uOg=='],
  ])('%s', (_what, username, password, expected) => {
    expect(authorize(['Basic realm="WallyWorld", charset="UTF-8"'], { username, password })).toBe(expected);
  });

  test('rejects a user name with a colon, without showing it in the message', () => {
    const wrong = () => authorize(['Basic realm="a"'], { username: 'an:n', password: 'secret' });
    expect(wrong).toThrow(
      /^ws:\/\/a\/ answered 401 and requires Basic, but Basic does not allow a colon in the user name\.$/,
    );
  });
});

describe('Digest', () => {
  test.each<[what: string, algorithm: string, response: string]>([
    ['RFC 7616 3.9.1', 'MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['RFC 7616 3.9.1', 'SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
    // Computed with md5sum.
    ['RFC 7616 3.4.2', 'MD5-sess', 'e783283f46242139c486a698fec7211d'],
  ])('%s with %s', (_what, algorithm, response) => {
    expect(authorize([digest(`algorithm=${algorithm}, opaque="${OPAQUE}"`)])).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=${algorithm}, nonce="${NONCE}", nc=00000001, cnonce="${CNONCE}", qop=auth, response="${response}", opaque="${OPAQUE}"`,
    );
  });

  test('RFC 7616 3.9.2 (erratum 4897): SHA-512-256, and a user name in UTF-8', () => {
    const challenge =
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true';
    const credentials = { username: 'J\u00E4s\u00F8n Doe', password: 'Secret, or not?' };
    const header = authorize([challenge], credentials, {
      target: '/doe.json',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
    });
    expect(header).toMatch(/^Digest username\*=UTF-8''J%C3%A4s%C3%B8n%20Doe, /);
    expect(header).toContain('response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"');
    expect(header).not.toContain('userhash');
  });

  test('uses MD5 without an algorithm, and CONNECT as the method for a proxy', () => {
    const header = authorize([digest('')], MUFASA, { method: 'CONNECT', target: 'example.com:443' });
    expect(header).toContain('uri="example.com:443", algorithm=MD5,');
    expect(header).toContain('response="389a1da55e44b101820f457fee8c0773"');
    expect(header).not.toContain('opaque');
  });

  test('unescapes quotes and backslashes in the challenge and escapes them in the answer', () => {
    const header = authorize(
      [`Digest realm="say \\"hi\\" \\\\o/", qop=auth, nonce="${NONCE}"`],
      { username: 'a"b\\c', password: 'p"w' },
      { target: '/' },
    );
    expect(header).toContain('username="a\\"b\\\\c", realm="say \\"hi\\" \\\\o/", ');
    expect(header).toContain('response="ee9784c93943c8f658a2d44fdf8a8e2c"');
  });

  test('without charset, sends the bytes of a user name in quotes', () => {
    const header = authorize([digest('')], { username: 'J\u00E4', password: '' });
    expect(header).toContain('username="J\u00C3\u00A4", ');
  });

  test('uses a new cnonce each time', () => {
    const authentication = () =>
      new Authentication({ name: 'ws://a/', challengeHeader: 'WWW-Authenticate' }, MUFASA).authorize(
        answer(digest('')),
        {
          method: 'GET',
          target: '/',
        },
      );
    const cnonce = (header: string) => /cnonce="([\w-]{22})"/.exec(header)?.[1];
    expect(cnonce(authentication())).toBeDefined();
    expect(cnonce(authentication())).not.toBe(cnonce(authentication()));
  });
});

describe('answers the strongest supported challenge', () => {
  const [basic, md5, sha256] = ['Basic realm="b"', digest('algorithm=MD5'), digest('algorithm=SHA-256')];

  test.each<[what: string, values: string[], chosen: RegExp]>([
    ['of several values', [basic, md5, sha256], /algorithm=SHA-256,/],
    ['of several in one value', [`Negotiate, ${basic}, ${sha256}, ${md5}`], /algorithm=SHA-256,/],
    ['not one of another algorithm', [digest('algorithm=SHA-3'), md5], /algorithm=MD5,/],
    ['not one without a nonce', ['Digest realm="a", qop=auth', basic], /^Basic/],
    ['not one with auth-int only', [`Digest realm="a", qop="auth-int", nonce="n"`, basic], /^Basic/],
    ['not one without qop', [`Digest realm="a", nonce="n"`, basic], /^Basic/],
    ['the first of two equals', [digest('algorithm=sha-256-SESS'), sha256], /algorithm=sha-256-SESS,/],
  ])('%s', (_what, values, chosen) => {
    expect(authorize(values)).toMatch(chosen);
  });

  test('for the realm of the credentials', () => {
    const inRealm = (realm: string) => authorize([basic, sha256], { ...MUFASA, realm });
    expect(inRealm(' b ')).toMatch(/^Basic/);
    expect(inRealm(' ')).toMatch(/^Digest/);
    expect(() => inRealm('c')).toThrow(
      expect.objectContaining({
        code: 'WS_CONNECT_REALM',
        message: expect.stringMatching(/for the realm "b", "http-auth@example.org"; yours are for "c"\./),
      }),
    );
  });

  test.each([
    [[], 'requires credentials by no WWW-Authenticate; expected Basic, or Digest'],
    [['Negotiate, NTLM abc='], 'requires credentials by Negotiate, Ntlm; expected'],
    [[digest('algorithm=SHA-3')], 'requires credentials by Digest with SHA-3; expected'],
  ])('rejects %j', (values, message) => {
    expect(() => authorize(values)).toThrow(
      expect.objectContaining({
        code: 'WS_CONNECT_AUTHENTICATION',
        status: 401,
        message: expect.stringContaining(message),
      }),
    );
  });
});
