'use strict';
// `npm run test:full`: browsers, peers, the originals of ported applications, toolchains, and long runs of the random tests.
const config = require('./jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: [
    '<rootDir>/packages/conformance/test/{peers,ported,toolchains}/**/*.test.ts',
    '<rootDir>/{packages,examples}/**/*browser.test.ts',
    '<rootDir>/packages/protocol/test/fuzz.test.ts',
    '<rootDir>/packages/client/test/connection-model.test.ts',
  ],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '/fixtures/',
    ...(process.env.WITHOUT_TOOLS === '1' ? ['/toolchains/full/'] : []),
  ],
};
