// `npm run tarball`: packs what users install, into `packed` or the folder given, as a folder and as a tarball:
// npm install ../serval/packed/serval-0.1.0.tgz
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stagePackage } from './stage-package.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIMIT_MS = 100_000;

const destination = resolve(process.argv[2] ?? join(ROOT, 'packed'));
const folder = join(destination, 'serval');
mkdirSync(destination, { recursive: true });
for (const name of readdirSync(destination)) if (/^serval-.*\.tgz$/.test(name)) rmSync(join(destination, name));
stagePackage(folder);
const { status, error } = spawnSync(
  process.platform === 'win32' ? 'npm.cmd' : 'npm',
  ['pack', '--offline', '--loglevel', 'error', '--pack-destination', destination, folder],
  { cwd: ROOT, stdio: 'inherit', timeout: LIMIT_MS, shell: process.platform === 'win32' },
);
if (error) console.error(`tarball: npm did not finish: ${error.message}`);
process.exitCode = status ?? 1;
