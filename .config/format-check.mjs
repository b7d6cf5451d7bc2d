// `npm run format:check`. oxfmt formats as Prettier does at a fiftieth of the cost, but for a few types; so oxfmt looks at
// every file, and Prettier, whose settings and ignored files both use, judges those that oxfmt would change.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['packages', 'examples', '.config', 'docs'];
const CACHE = 'node_modules/.cache';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { stdout, stderr, status } = run('oxfmt', ['--config', settings(), '--list-different', ...FOLDERS]);
const different = stdout.split('\n').filter((line) => line !== '');
if (status !== 0 && different.length === 0) fail(`oxfmt failed\n${stderr}`);
if (different.length > 0) {
  const prettier = run('prettier', ['--check', '--log-level', 'warn', '--ignore-unknown', ...different]);
  if (prettier.status !== 0) fail(`${prettier.stdout}${prettier.stderr}`);
}

/** Prettier's settings, and what oxfmt does beyond Prettier turned off. */
function settings() {
  const path = join(CACHE, 'oxfmtrc.json');
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync('.prettierrc', 'utf8')), sortPackageJson: false }));
  return path;
}

function run(name, args) {
  return spawnSync(join('node_modules/.bin', name), args, { encoding: 'utf8', shell: process.platform === 'win32' });
}

function fail(message) {
  console.error(message.trim());
  process.exitCode = 1;
}
