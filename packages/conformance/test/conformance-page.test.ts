import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ASSERTIONS,
  formatPage,
  problemsOf,
  readTestFiles,
  testsById,
  type Chapters,
  type TestFile,
} from '../src/conformance-page';

const ROOT = join(__dirname, '../../..');

describe('docs/conformance.md', () => {
  const files = readTestFiles(ROOT);

  test('matches the assertions and test titles; npm run docs regenerates it', () => {
    expect(readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8')).toBe(formatPage(ASSERTIONS, files));
  });

  test('has a test or a reason for each assertion, and an assertion for each id in a title', () => {
    expect(problemsOf(ASSERTIONS, files)).toEqual([]);
  });

  test('has 309 assertions, each with its own id', () => {
    const ids = ASSERTIONS.map(({ sections }) => Object.values(sections).flatMap(Object.keys));
    expect(ids.map((chapter) => chapter.length)).toEqual([96, 213]);
    expect(new Set(ids.flat()).size).toBe(309);
    const numbers = (ids[1] ?? []).map((id) => Number(id.slice('JAVADOC:'.length)));
    expect(numbers.sort((one, other) => one - other)).toEqual(Array.from({ length: 213 }, (_, index) => index + 1));
  });
});

describe('a page with few assertions', () => {
  const chapters: Chapters = [
    {
      title: 'Chapter',
      sections: {
        '1 Section': {
          'WSC-1-1': 'It is so.',
          'WSC-1-2': { says: 'It is otherwise.', differs: 'here it is not.' },
          'WSC-1.3': { says: 'It speaks Java.', doesNotApply: 'there is no Java', instead: 'it speaks TypeScript' },
          'JAVADOC:4': { says: 'It connects.', notYet: 'a client' },
        },
      },
    },
  ];
  const titled = (path: string, ...titles: readonly string[]): TestFile => ({
    path: `packages/a/test/${path}.test.ts`,
    text: titles.map((title) => `test('${title}', () => undefined);\n`).join(''),
  });
  // Put together here, so that this file does not carry the ids itself.
  const bracketed = (id: string): string => `${'['}${id}]`;
  const [first, second] = [bracketed('WSC-1-1'), bracketed('WSC-1-2')];

  test('lists the files whose titles begin with an id, alone or among others', () => {
    const files = [titled('one', `${first} ${second} both`, `nothing of ${first}`), titled('two', `${second} again`)];
    expect([...testsById(files)]).toEqual([
      ['WSC-1-1', ['packages/a/test/one.test.ts']],
      ['WSC-1-2', ['packages/a/test/one.test.ts', 'packages/a/test/two.test.ts']],
    ]);
    expect(problemsOf(chapters, files)).toEqual([]);
    const page = formatPage(chapters, files);
    expect(page).toContain('| Chapter | 2 | 1 | 1 |');
    expect(page).toContain('| WSC-1-1 | 1 Section | It is so. | tested | [one](../packages/a/test/one.test.ts) |');
    expect(page).toContain('| It is otherwise. Differs: here it is not. | tested |');
    expect(page).toContain('| does not apply: there is no Java. In its place: it speaks TypeScript |  |');
    expect(page).toContain('| JAVADOC:4 | 1 Section | It connects. | not yet: it needs a client |  |');
  });

  test.each<[string, readonly TestFile[], string]>([
    [
      'an assertion without a test',
      [titled('one', `${first} this`)],
      'WSC-1-2 has neither a test whose title begins with [WSC-1-2] nor a reason for having none',
    ],
    [
      'a title of an assertion that there is not',
      [titled('one', `${first} ${second} both`, `${bracketed('WSC-9-9')} what?`)],
      'WSC-9-9 in packages/a/test/one.test.ts is not an assertion',
    ],
    [
      'a test of an assertion that cannot be tested yet',
      [titled('one', `${first} ${second} ${bracketed('JAVADOC:4')} all`)],
      'JAVADOC:4 counts as not testable yet, but packages/a/test/one.test.ts tests it',
    ],
    [
      'a test that is left out',
      [{ path: 'packages/a/test/one.test.ts', text: `test.skip('${first} ${second} both', () => undefined);` }],
      'packages/a/test/one.test.ts carries ids, so it must not skip tests',
    ],
  ])('fails for %s', (_what, files, problem) => {
    expect(problemsOf(chapters, files)).toEqual([problem]);
  });
});
