'use strict';
// `npm run test:full`: what is too slow for `npm test`, or needs tools that it does not install.
const config = require('./jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: ['<rootDir>/packages/*/test/**/full/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/fixtures/'],
  maxWorkers: 1,
};
