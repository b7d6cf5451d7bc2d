import { HeaderMap } from '../src/header-map';

const RAW = ['Host', 'a', 'X-Tag', '1', 'x-tag', '2', 'X-TAG', '3', 'Accept-Language', 'de'];

test('finds names in any case, and keeps the first spelling', () => {
  const headers = HeaderMap.fromRawHeaders(RAW);
  for (const name of ['x-tag', 'X-Tag', 'X-TAG']) {
    expect(headers.get(name)).toEqual(['1', '2', '3']);
    expect(headers.has(name)).toBe(true);
  }
  expect([...headers.keys()]).toEqual(['Host', 'X-Tag', 'Accept-Language']);
  expect(headers.size).toBe(3);
});

test('get returns undefined and has returns false for an absent header', () => {
  const headers = HeaderMap.fromRawHeaders(RAW);
  expect(headers.get('Origin')).toBeUndefined();
  expect(headers.has('Origin')).toBe(false);
  expect(headers.list('Origin')).toBeUndefined();
});

test('joins several lines of a header into one list', () => {
  const headers = HeaderMap.fromRawHeaders(['Upgrade', 'foo', 'Upgrade', 'bar, websocket']);
  expect(headers.list('upgrade')).toBe('foo, bar, websocket');
  expect(headers.list('UPGRADE')).toBe('foo, bar, websocket');
});

test('iterates like a Map', () => {
  const headers = HeaderMap.fromRawHeaders(RAW);
  expect([...headers]).toEqual([
    ['Host', ['a']],
    ['X-Tag', ['1', '2', '3']],
    ['Accept-Language', ['de']],
  ]);
  const seen: string[] = [];
  headers.forEach((values, name) => seen.push(`${name}: ${values.join()}`));
  expect(seen).toEqual(['Host: a', 'X-Tag: 1,2,3', 'Accept-Language: de']);
  expect(headers).toBeInstanceOf(Map);
});

test('set, delete and clear work with names in any case', () => {
  const headers = HeaderMap.fromRawHeaders(RAW);
  headers.set('x-tag', ['9']);
  expect([...headers.keys()]).toEqual(['Host', 'X-Tag', 'Accept-Language']);
  expect(headers.get('X-Tag')).toEqual(['9']);

  expect(headers.delete('X-TAG')).toBe(true);
  expect(headers.delete('X-TAG')).toBe(false);
  expect(headers.has('X-Tag')).toBe(false);
  headers.set('x-TAG', ['new']);
  expect([...headers.keys()]).toEqual(['Host', 'Accept-Language', 'x-TAG']);

  headers.clear();
  expect(headers.size).toBe(0);
  expect(headers.get('Host')).toBeUndefined();
});

test('stores the names of Object.prototype like other names', () => {
  const headers = HeaderMap.fromRawHeaders(['__proto__', 'a', 'constructor', 'b', '__PROTO__', 'c']);
  expect(headers.get('__proto__')).toEqual(['a', 'c']);
  expect(headers.get('Constructor')).toEqual(['b']);
  expect(HeaderMap.fromRawHeaders([]).get('constructor')).toBeUndefined();
  expect(HeaderMap.fromRawHeaders([]).has('toString')).toBe(false);
  expect(({} as { a?: unknown }).a).toBeUndefined();
});

test('ignores a name without a value at the end of a raw list', () => {
  expect([...HeaderMap.fromRawHeaders(['A', '1', 'B'])]).toEqual([['A', ['1']]]);
});

test('a sealed map and its lists refuse every change', () => {
  const headers = HeaderMap.fromRawHeaders(RAW).seal();
  expect(() => headers.set('Host', ['b'])).toThrow(TypeError);
  expect(() => headers.add('X-New', '1')).toThrow(TypeError);
  expect(() => headers.add('X-Tag', '4')).toThrow(TypeError);
  expect(() => headers.delete('Host')).toThrow(TypeError);
  expect(() => headers.clear()).toThrow(TypeError);
  expect(() => headers.get('x-tag')?.push('4')).toThrow(TypeError);
  expect([...headers.get('X-Tag')!]).toEqual(['1', '2', '3']);
  expect(headers.size).toBe(3);
});
