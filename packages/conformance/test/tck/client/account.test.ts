import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KIT_TESTS, type KitClass } from './kit-tests';

// Each suite fails when it leaves out a test of its class. Here it is checked that each class has one suite, and that the
// README says which.

const CLASSES = Object.keys(KIT_TESTS) as KitClass[];

/** The files that declare the suite of a class, by class. */
function suites(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.ts'))) {
    const text = readFileSync(join(__dirname, file), 'utf8');
    for (const [, kitClass = ''] of text.matchAll(/^kitSuite\('([^']+)'/gm))
      found.set(kitClass, [...(found.get(kitClass) ?? []), file]);
  }
  return found;
}

test('the kit has 238 tests of the client, each named once', () => {
  const names = CLASSES.flatMap((kitClass) => KIT_TESTS[kitClass].map((name) => `${kitClass} ${name}`));
  expect(names).toHaveLength(238);
  expect(new Set(names).size).toBe(238);
});

test('each class of the kit has one suite', () => {
  const found = suites();
  expect([...found.keys()].sort()).toEqual([...CLASSES].sort());
  for (const files of found.values()) expect(files).toHaveLength(1);
});

test('the README has a row for each class, with the number of its tests and the file of its suite', () => {
  const found = suites();
  const rows = CLASSES.map(
    (kitClass) => `| \`${kitClass}\` | ${KIT_TESTS[kitClass].length} | \`${found.get(kitClass)?.join()}\` |`,
  );
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  expect(readme.split('\n').filter((line) => /^\| `(?:ee|spec)\.\S+` \| \d/.test(line))).toEqual(rows);
});
