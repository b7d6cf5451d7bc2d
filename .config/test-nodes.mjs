// `npm run test:nodes`: the transport, the container, the server with HTTP/2, the client, compression, and a start of the
// demo, on every supported version of Node. `npm test` runs them on the Node that starts it, so that version is left out.
// Arguments are the versions to run, whatever Node this is: `npm run test:nodes -- node26`.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installTools } from './tools.mjs';

const FOLDER = '.config/nodes';
// A busy machine needs four minutes.
const LIMIT_MS = 10 * 60_000;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'));
const lanes =
  process.argv.length > 2
    ? process.argv.slice(2)
    : Object.keys(dependencies).filter((name) => !dependencies[name].endsWith(`@${process.versions.node}`));

const sum = { passed: 0, failed: 0, skipped: 0 };
if (installTools(FOLDER)) {
  const lines = [];
  for (const name of lanes) {
    const { passed, failed, skipped, seconds } = await runLane(name);
    lines.push(`${name} (${dependencies[name]}): ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s`);
    console.log(lines.at(-1));
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  console.log(`\n${lines.join('\n')}`);
} else {
  sum.failed = 1;
}
if (sum.failed > 0) process.exitCode = 1;
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);

/** Runs the tests by one version, and shows what it wrote if a test failed. */
async function runLane(name) {
  const started = Date.now();
  const args = ['node_modules/jest/bin/jest.js', '--config', '.config/jest.nodes.config.cjs'];
  const child = spawn(join(FOLDER, 'node_modules', name, 'bin/node'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  const problem = await new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(`${name} did not start: ${message}`));
    child.once('close', (code, signal) =>
      resolve(signal ? `${name} was stopped after ${LIMIT_MS / 1000} s` : undefined),
    );
  });
  clearTimeout(timer);
  const counts = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m.exec(output);
  const lane = counts
    ? { passed: Number(counts[1]), failed: Number(counts[2]), skipped: Number(counts[3] ?? 0) }
    : { passed: 0, failed: 1, skipped: 0 };
  if (lane.failed > 0) console.error(output);
  if (problem) console.error(problem);
  return { ...lane, seconds: ((Date.now() - started) / 1000).toFixed(0) };
}
