'use strict';
// `npm run test:full`: browsers, peers, the originals of ported applications, toolchains, and long runs of the random tests,
// and every case of the tests that run only some in `npm test`.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const config = require('./jest.config.cjs');

const ROOT = join(require.resolve('./jest.config.cjs'), '../..');

/** Tests that run only some of their cases in `npm test`. */
function sampledTests() {
  return ['packages', 'examples'].flatMap((folder) =>
    testsIn(join(ROOT, folder)).filter((path) => /\b(someOf\(|FULL\b)/.test(readFileSync(path, 'utf8'))),
  );
}

function testsIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['dist', 'node_modules'].includes(entry.name) ? [] : testsIn(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

/** @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: [
    '<rootDir>/packages/conformance/test/{peers,ported,toolchains}/**/*.test.ts',
    '<rootDir>/{packages,examples}/**/*browser.test.ts',
    '<rootDir>/packages/serval/test/hosts/full/*.test.ts',
    '<rootDir>/packages/bench/test/work-counts.test.ts',
    '<rootDir>/packages/protocol/test/fuzz.test.ts',
    '<rootDir>/packages/client/test/connection-model.test.ts',
    ...sampledTests(),
  ],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '/fixtures/',
    ...(process.env.WITHOUT_TOOLS === '1' ? ['/toolchains/full/'] : []),
  ],
};
