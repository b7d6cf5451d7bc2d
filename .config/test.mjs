// `npm test`: the checks, then Jest. `npm test -- <arguments>`: Jest alone, with these arguments.
// COVERAGE=1 measures the coverage, which may not fall below the threshold of .config/jest.config.cjs.
// A failed check does not keep the tests from running; it counts as one failure in the last line.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run as runJest } from 'jest';
import Reporter from './reporter.cjs';

// `lint` reports type errors, too.
const CHECKS = ['lint', 'format:check', 'check:package'];

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const jestArguments = process.argv.slice(2);
const failed = jestArguments.length > 0 ? [] : await failedChecks();
if (failed.length > 0) console.log(`Failed before the tests: ${failed.map((name) => `npm run ${name}`).join(', ')}\n`);

Reporter.arm(failed.length);
const coverage = process.env.COVERAGE === '1' ? ['--coverage'] : [];
await runJest(['--config', '.config/jest.config.cjs', ...coverage, ...jestArguments]);

/** Runs the checks side by side and shows what each printed, in order. */
async function failedChecks() {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const running = CHECKS.map((name) => ({ name, outcome: runScript(scripts[name]) }));
  const failed = [];
  for (const { name, outcome } of running) {
    const { ok, output, seconds } = await outcome;
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (output.trim()) console.log(output.trimEnd());
    if (!ok) failed.push(name);
  }
  return failed;
}

function runScript(command) {
  const started = Date.now();
  const PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH } });
  return new Promise((resolve, reject) => {
    let output = '';
    const collect = (chunk) => (output += chunk);
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ ok: code === 0, output, seconds: ((Date.now() - started) / 1000).toFixed(1) });
    });
  });
}
