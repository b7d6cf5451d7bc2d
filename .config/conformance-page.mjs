// Writes docs/conformance.md from our list of assertions and the titles of the tests; with --check, only reports whether it
// is up to date. Either way it fails if an assertion has neither a test nor a reason.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import conformancePage from '../packages/conformance/dist/src/conformance-page.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = fileURLToPath(new URL('../docs/conformance.md', import.meta.url));

const { ASSERTIONS, formatPage, problemsOf, readTestFiles } = conformancePage;
const files = readTestFiles(ROOT);
const problems = [...problemsOf(ASSERTIONS, files)];
const page = formatPage(ASSERTIONS, files);

if (!process.argv.includes('--check')) writeFileSync(PAGE, page);
else if (readPage() !== page) problems.push('docs/conformance.md is out of date; run: npm run docs');
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

function readPage() {
  try {
    return readFileSync(PAGE, 'utf8');
  } catch {
    return undefined;
  }
}
