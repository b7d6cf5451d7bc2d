import { parseRequestTarget } from '../src/request-target';

/** The segments of a target, or undefined if it is rejected. */
const segments = (target: string): readonly string[] | undefined => parseRequestTarget(target)?.segments;

describe('the origin form', () => {
  test('separates path and query at the first question mark', () => {
    expect(parseRequestTarget('/chat/a?x=1&y=/?')).toEqual({
      segments: ['chat', 'a'],
      path: '/chat/a',
      query: 'x=1&y=/?',
    });
  });

  test('a missing query is null, an empty one is empty', () => {
    expect(parseRequestTarget('/chat')?.query).toBeNull();
    expect(parseRequestTarget('/chat?')?.query).toBe('');
  });

  test('keeps path and query as received', () => {
    expect(parseRequestTarget('/caf%C3%A9/../x?%zz=%00')).toMatchObject({ path: '/caf%C3%A9/../x', query: '%zz=%00' });
  });

  test.each([
    ['/', ['']],
    ['/a', ['a']],
    ['/a/', ['a', '']],
    ['//a', ['', 'a']],
    ['/a//b', ['a', '', 'b']],
    ['/a%2Fb/c', ['a/b', 'c']],
    ['/a%2fb', ['a/b']],
    ['/%252F', ['%2F']],
    ['/a+b', ['a+b']],
    ['/a;x=1', ['a;x=1']],
    ['/{a}', ['{a}']],
    ['/%5C', ['\\']],
    ['/%00', ['\u0000']],
    ['/%F0%9F%98%80', ['😀']],
  ])('%s has the segments %j', (target, expected) => {
    expect(segments(target)).toEqual(expected);
  });
});

describe('[WSC-3.1.1-1] dot segments are removed, as RFC 3986 6.2.2.3 normalises', () => {
  test.each([
    ['/a/./b', ['a', 'b']],
    ['/a/../b', ['b']],
    ['/a/b/../../c', ['c']],
    ['/../a', ['a']],
    ['/../../a', ['a']],
    ['/a/.', ['a', '']],
    ['/a/..', ['']],
    ['/.', ['']],
    ['/..', ['']],
    ['/a//../b', ['a', 'b']],
    ['/a/%2e%2e/b', ['b']],
    ['/a/%2E%2e/b', ['b']],
    ['/a/.%2e/b', ['b']],
    ['/a/%2e/b', ['a', 'b']],
    ['/a/.../b', ['a', '...', 'b']],
    ['/a/.b', ['a', '.b']],
    ['/a/..;/b', ['a', '..;', 'b']],
    ['/a/..%2Fb', ['a', '../b']],
    ['/a/%252e%252e/b', ['a', '%2e%2e', 'b']],
  ])('%s has the segments %j', (target, expected) => {
    expect(segments(target)).toEqual(expected);
  });

  test('the routed path is the one that a URL shows to code that authorises by it', () => {
    const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000_007);
    let state = seed;
    const next = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (state >>> 8) % limit;
    };
    const PARTS = [
      'a',
      'b',
      '',
      '.',
      '..',
      '%2e',
      '%2E',
      '.%2e',
      '%2e.',
      '%2E%2E',
      '..;',
      '%2F',
      '%5C',
      ';x',
      '...',
      '{a}',
    ];
    for (let round = 0; round < 3000; round += 1) {
      const target = `/${Array.from({ length: 1 + next(6) }, () => PARTS[next(PARTS.length)]).join('/')}`;
      const shown = new URL(`ws://host${target}`).pathname.slice(1).split('/').map(decodeURIComponent);
      expect({ seed, target, segments: segments(target) }).toEqual({ seed, target, segments: shown });
    }
  });
});

describe('the absolute form (RFC 9112 3.2.2)', () => {
  test.each([
    ['http://other.example/chat?x', ['chat'], 'x'],
    ['https://other.example/chat', ['chat'], null],
    ['ws://other.example:81/a/b', ['a', 'b'], null],
    ['wss://other.example/', [''], null],
    ['WS://other.example/a', ['a'], null],
    ['http://other.example', [''], null],
    ['http://other.example?x=1', [''], 'x=1'],
  ])('%s', (target, expected, query) => {
    expect(parseRequestTarget(target)).toMatchObject({ segments: expected, query });
  });
});

describe('rejects an invalid target', () => {
  test.each([
    ['*', 'OPTIONS'],
    ['example.com:443', 'CONNECT'],
    ['chat', 'without a slash'],
    ['ftp://example.com/a', 'of another scheme'],
    ['/a#b', 'with a fragment'],
    ['/a?x#b', 'with a fragment behind the query'],
    ['/%', 'with half an escape'],
    ['/a/%zz', 'with a broken escape'],
    ['/%C3', 'with half a character'],
    ['/%C0%AF', 'with an overlong slash'],
    ['/%ED%A0%80', 'with half a surrogate pair'],
    // A URL treats a backslash as a slash, so the routed path would differ from the path that other code sees.
    ['/admin/..\\..\\public', 'with backslashes'],
  ])('%s (%s)', (target) => {
    expect(parseRequestTarget(target)).toBeUndefined();
  });

  test('allows a backslash in the query', () => {
    expect(parseRequestTarget('/a?x=\\')).toMatchObject({ segments: ['a'], query: 'x=\\' });
  });
});
