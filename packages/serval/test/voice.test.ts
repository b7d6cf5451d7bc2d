import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPages, ROOT } from './documentation';
import { findingsIn } from './voice/findings';

// The pages, comments, docstrings, messages and tests of the project use plain English; voice/phrases.ts lists the phrases
// that fail.

/** The tests of this test, and its list of phrases, contain the phrases. */
const OWN = /^packages\/serval\/test\/voice[./]/;

/** Paths from the repository's root, with the findings of each. */
const FOUND = new Map(
  [...readPages({ examples: true }), ...programs()].map(({ path, text }) => [path, findingsIn(path, text)]),
);

function programs(): { readonly path: string; readonly text: string }[] {
  const packages = readdirSync(join(ROOT, 'packages'))
    .flatMap((name) => [`packages/${name}/src`, `packages/${name}/test`])
    .filter((folder) => existsSync(join(ROOT, folder)));
  return [...packages, 'examples'].flatMap((folder) =>
    programsUnder(folder).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
  );
}

/** Not by a recursive `readdirSync`, which follows the links of node_modules to all dependencies. */
function programsUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : programsUnder(path);
    return path.endsWith('.ts') && !OWN.test(path) ? [path] : [];
  });
}

describe('voice', () => {
  it('is plain English', () => {
    expect([...FOUND.values()].flat()).toEqual([]);
  });

  it('reads pages, sources, tests and examples', () => {
    expect([...FOUND.keys()]).toEqual(
      expect.arrayContaining([
        'README.md',
        'CHANGELOG.md',
        'docs/guides/client.md',
        'packages/api/README.md',
        'packages/api/src/errors.ts',
        'packages/container/test/inbox.test.ts',
        'examples/chat/README.md',
        'examples/main.ts',
      ]),
    );
  });
});

describe('findingsIn', () => {
  it.each([
    ['# What a title may say\n\nThe count begins\nanew.', ['page.md:4: "anew": write "again"']],
    ['It is kept\nas\never.', ['page.md:2: "as ever": write "as usual", or leave it out']],
    ['One. What it returns is sent.', [expect.stringMatching(/^page\.md:1: "What it returns is sent\.…": start with/)]],
    ['- Who has none waits.\n- What is it?', [expect.stringMatching(/^page\.md:1: "Who has none waits/)]],
    ['| a | b |\n| --- | --- |\n| c | Where it is, it stays |', [expect.stringMatching(/^page\.md:3: "Where it is/)]],
    ['| what | where |\n| --- | --- |\n| `anew` | [again](anew.md) |', []],
    ['```ts\n// What it does\n```\n\nA page mends\nnothing.', ['page.md:5: "mends": write "fix"']],
    ['The two can be told apart.', []],
    ['**What it is not:** a framework.', []],
    ['The container is told the reason.', [expect.stringContaining('"is told"')]],
    ['Trust a CA of your own.', [expect.stringContaining('"of your own"')]],
    ['The engine knows none.', [expect.stringContaining('"The engine knows"')]],
  ])('of a page: %j', (text, findings) => {
    expect(findingsIn('page.md', text)).toEqual(findings);
  });

  it.each([
    ['/** What it holds. */\nconst a = 1;', [expect.stringMatching(/^a\.ts:1: "What it holds\.…"/)]],
    ['/**\n * The list.\n * It begins\n * anew.\n */\nlet a = 1;', ['a.ts:4: "anew": write "again"']],
    ['// The session is\n// asked again.\nlet a = 1;', [expect.stringMatching(/^a\.ts:1: "is asked"/)]],
    ['let a = 1; // mended', ['a.ts:1: "mended": write "fix"']],
    ['throw new Error(`${a} has thrown`);', [expect.stringMatching(/^a\.ts:1: "has thrown"/)]],
    ["const anew = call('anew');\nconst it = 'begins anew';", ['a.ts:2: "anew": write "again"']],
    [
      '/**\n * Sends.\n *\n * @example\n * send("begins anew");\n * @see mend it\n */\nlet a = 1;',
      ['a.ts:6: "mend": write "fix"'],
    ],
  ])('of a program: %j', (text, findings) => {
    expect(findingsIn('a.ts', text)).toEqual(findings);
  });
});
