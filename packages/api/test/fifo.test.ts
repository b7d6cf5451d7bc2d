import { Fifo } from '@serval/api/spi';

function filled(...values: readonly string[]) {
  const fifo = new Fifo<string>();
  const entries = values.map((value) => fifo.push(value));
  return { fifo, entries };
}

test('take returns values in insertion order', () => {
  const { fifo } = filled('a', 'b', 'c');
  expect(fifo.size).toBe(3);
  expect(fifo.first).toBe('a');
  expect([fifo.take(), fifo.take(), fifo.take(), fifo.take()]).toEqual(['a', 'b', 'c', undefined]);
  expect(fifo.size).toBe(0);
  fifo.push('d');
  expect([...fifo]).toEqual(['d']);
});

test.each([
  [0, ['b', 'c']],
  [1, ['a', 'c']],
  [2, ['a', 'b']],
])('removes the one at %d, once', (index, rest) => {
  const { fifo, entries } = filled('a', 'b', 'c');
  expect(fifo.remove(entries[index]!)).toBe(true);
  expect(fifo.remove(entries[index]!)).toBe(false);
  expect([...fifo]).toEqual(rest);
  expect(fifo.size).toBe(2);
  fifo.push('d');
  expect([fifo.take(), fifo.take(), fifo.take(), fifo.take()]).toEqual([...rest, 'd', undefined]);
});

test('remove returns false for an entry that take already removed', () => {
  const { fifo, entries } = filled('a', 'b');
  fifo.take();
  expect(fifo.remove(entries[0]!)).toBe(false);
  expect([...fifo]).toEqual(['b']);
});

test('iteration survives removal of the visited value and includes values added meanwhile', () => {
  const { fifo, entries } = filled('a', 'b', 'c');
  const visited: string[] = [];
  for (const value of fifo) {
    visited.push(value);
    if (value === 'a') for (const entry of entries.slice(0, 2)) fifo.remove(entry);
    if (value === 'c') fifo.push('d');
  }
  expect(visited).toEqual(['a', 'c', 'd']);
});

test('takeFirst skips values that do not match', () => {
  const { fifo } = filled('a', 'bb', 'c', 'dd');
  expect(fifo.takeFirst((value) => value.length > 1)).toBe('bb');
  expect(fifo.takeFirst((value) => value.length > 2)).toBeUndefined();
  expect([...fifo]).toEqual(['a', 'c', 'dd']);
});
