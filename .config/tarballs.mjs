// `npm run tarballs`: makes a tarball of every public package, in `packed` or the folder given. They are installed together:
// npm install ../serval/packed/*.tgz
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIMIT_MS = 100_000;

const destination = resolve(process.argv[2] ?? join(ROOT, 'packed'));
const folders = readdirSync(join(ROOT, 'packages'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && isPublic(entry.name))
  .map(({ name }) => `./packages/${name}`);

mkdirSync(destination, { recursive: true });
for (const name of readdirSync(destination)) if (/^serval.*\.tgz$/.test(name)) rmSync(join(destination, name));
const { status, error } = spawnSync(
  process.platform === 'win32' ? 'npm.cmd' : 'npm',
  ['pack', '--offline', '--loglevel', 'error', '--pack-destination', destination, ...folders],
  { cwd: ROOT, stdio: 'inherit', timeout: LIMIT_MS, shell: process.platform === 'win32' },
);
if (error) console.error(`tarballs: npm did not finish: ${error.message}`);
process.exitCode = status ?? 1;

function isPublic(name) {
  try {
    return JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')).private !== true;
  } catch {
    // A folder without a manifest, such as one that a branch left behind.
    return false;
  }
}
