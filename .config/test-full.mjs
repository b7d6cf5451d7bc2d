// `npm run test:full`: the tests of .config/jest.full.config.cjs, and the tools that they need. Its last line is that of
// `npm test`. UPDATE_PAGES=1 writes the tables that the tests compare. WITHOUT_TOOLS=1 installs nothing, and leaves out the
// tests that need compilers, bundlers, runtimes and package managers.
import { fileURLToPath } from 'node:url';
import { run as runJest } from 'jest';
import Reporter from './reporter.cjs';
import { installTools } from './tools.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// Seeds are fixed in `npm test`; here each run has another, and more cases. A failure names its seed. TEST_ALL is read by
// `someOf` of packages/testing/test/toolbox.ts.
process.env.TEST_SEED ??= 'random';
process.env.FUZZ_CASES ??= '4000';
process.env.TEST_ALL ??= '1';

const folders =
  process.env.WITHOUT_TOOLS === '1' ? [] : ['.config/nodes', 'packages/conformance/test/toolchains/tools'];
const installed = folders.map(installTools);
// Without the tools the other tests run all the same.
Reporter.arm(installed.filter((done) => !done).length);
await runJest(['--config', '.config/jest.full.config.cjs', ...process.argv.slice(2)]);
