// Programs of others at pinned versions, each set in a folder with a package.json. npm installs them there, once.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIMIT_MS = 15 * 60_000;
const FLAGS = ['--legacy-peer-deps', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel', 'error'];

/** @returns whether everything that the folder's package.json names is there */
export function installTools(folder) {
  const stamp = join(folder, 'node_modules', '.tools-stamp');
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package.json')))
    .digest('hex');
  if (readStamp(stamp) === wanted) return true;
  console.log(`Installing the tools of ${folder}`);
  // Bun, Deno, esbuild and Node come by install scripts.
  const { status, error } = spawnSync('npm', ['install', '--foreground-scripts=false', ...FLAGS], {
    cwd: folder,
    stdio: 'inherit',
    timeout: LIMIT_MS,
  });
  if (status !== 0) {
    console.error(`The tools of ${folder} could not be installed: ${error?.message ?? `npm ended with ${status}`}`);
    return false;
  }
  writeFileSync(stamp, wanted);
  return true;
}

function readStamp(stamp) {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}
