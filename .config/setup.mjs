// Makes a fresh clone ready: checks Node, installs what pnpm-lock.yaml names, compiles every package and example,
// and bundles the browser client for the pages of the examples.
// Runs before `npm start` and `npm test`, and is `npm run build`. Everything that is up to date is skipped.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];
const PNPM = 'pnpm@12.21.0';
const INSTALL = ['install', '--frozen-lockfile'];
const STAMP = 'node_modules/.setup-stamp';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
checkNode();
installDependencies();
compile();
// esbuild may only be here now.
const { buildBrowserModule } = await import('./browser-files.mjs');
buildBrowserModule('packages/serval');

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    fail(`Serval needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`, 1);
  }
}

function installDependencies() {
  const wanted = createHash('sha256').update(PNPM).update(readFileSync('pnpm-lock.yaml')).digest('hex');
  if (readStamp() === wanted) return;
  console.log('setup: installing dependencies');
  // The caches first, then the network, then the caches alone: npx asks the registry even for what it holds.
  let code = npx('--prefer-offline', '-y', PNPM, ...INSTALL, '--prefer-offline');
  if (code !== 0) {
    console.error(`setup: the installation failed (exit code ${code}); trying again from the caches alone`);
    code = npx('--offline', '-y', PNPM, ...INSTALL, '--offline');
  }
  if (code !== 0) fail('the dependencies could not be installed; see the messages above.', code);
  writeFileSync(STAMP, wanted);
}

function readStamp() {
  try {
    return readFileSync(STAMP, 'utf8');
  } catch {
    return undefined;
  }
}

function compile() {
  const code = run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'packages', 'examples']);
  if (code !== 0) fail('the TypeScript build failed; see the messages above.', code);
}

function npx(...args) {
  return process.platform === 'win32' ? run('npx.cmd', args, { shell: true }) : run('npx', args);
}

function run(command, args, options) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) console.error(`setup: ${command} did not start: ${error.message}`);
  if (signal) console.error(`setup: ${command} was stopped by ${signal}`);
  return status ?? 1;
}

function fail(message, code) {
  console.error(`setup: ${message}`);
  // `npm test` promises a line of counts; without a build there is one failure and nothing else to count.
  if (process.env.npm_lifecycle_event === 'pretest') console.log('0 passed, 1 failed');
  process.exit(code);
}
