import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(__dirname, '..', '..', '..');

const OTHER_PAGES = ['CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md'].map((path) => join(ROOT, path));

/** A page of the documentation. */
export interface Page {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** README.md, all of docs, and the README of every package; with `examples`, the other pages outside of docs too. */
export function readPages({ examples }: { readonly examples: boolean }): readonly Page[] {
  const paths = [
    join(ROOT, 'README.md'),
    ...markdownUnder(join(ROOT, 'docs')),
    ...readmesUnder(join(ROOT, 'packages')),
    ...readmesUnder(join(ROOT, 'packages/conformance/test')),
    ...(examples ? [...readmesOfExamples(), ...OTHER_PAGES.filter((path) => existsSync(path))] : []),
  ];
  return paths.map((path) => ({
    path: relative(ROOT, path).replaceAll('\\', '/'),
    text: readFileSync(path, 'utf8'),
  }));
}

function markdownUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join(folder, name));
}

function readmesOfExamples(): string[] {
  return ['examples', 'examples/ported', 'examples/services'].flatMap((folder) => readmesUnder(join(ROOT, folder)));
}

function readmesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(join(folder, entry.name)).includes('README.md'))
    .map((entry) => join(folder, entry.name, 'README.md'));
}
