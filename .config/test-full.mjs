// `npm run test:full`: installs the tools that packages/conformance/test/toolchains/tools names, then runs the tests that need them.
// Its last line is that of `npm test`. UPDATE_PAGES=1 writes the tables that the tests compare.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run as runJest } from 'jest';
import Reporter from './reporter.cjs';

const LIMIT_MS = 15 * 60_000;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const tools = 'packages/conformance/test/toolchains/tools';
const stamp = join(tools, 'node_modules', '.tools-stamp');

if (installTools()) {
  Reporter.arm();
  await runJest(['--config', '.config/jest.full.config.cjs', ...process.argv.slice(2)]);
} else {
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}

/** About a gigabyte, once. Bun, Deno, esbuild and Node come by install scripts. */
function installTools() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(tools, 'package.json')))
    .digest('hex');
  if (readStamp() === wanted) return true;
  console.log('test:full: installing compilers, bundlers and runtimes');
  const flags = ['--legacy-peer-deps', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel', 'error'];
  const { status, error } = spawnSync('npm', ['install', ...flags], {
    cwd: tools,
    stdio: 'inherit',
    timeout: LIMIT_MS,
  });
  if (status !== 0) {
    console.error(`test:full: the tools could not be installed: ${error?.message ?? `npm ended with ${status}`}`);
    return false;
  }
  writeFileSync(stamp, wanted);
  return true;
}

function readStamp() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}
