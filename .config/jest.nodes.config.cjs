'use strict';
// `npm run test:nodes`: the parts of Serval that depend on Node's own modules, and a start of the demo.
const config = require('./jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: [
    '<rootDir>/packages/{protocol,container,server,client}/test/**/*.test.ts',
    '<rootDir>/examples/http2/http2.test.ts',
    '<rootDir>/examples/chat/process.test.ts',
  ],
  // Random conversations depend on their seed and not on Node; they run in `npm test` and `npm run test:full`.
  testPathIgnorePatterns: [
    ...config.testPathIgnorePatterns,
    '/protocol/test/fuzz\\.test\\.ts$',
    '/client/test/connection-model\\.test\\.ts$',
  ],
};
