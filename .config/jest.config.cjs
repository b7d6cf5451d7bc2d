'use strict';
// Tests run against the sources of every package; ts-jest emits the same code as tsc, which the metadata depends on.
/** @type {import('jest').Config} */
module.exports = {
  rootDir: '..',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/examples/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/fixtures/', '/full/'],
  watchPathIgnorePatterns: ['/node_modules/', '/dist/'],
  setupFiles: ['reflect-metadata'],
  transform: { '\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/packages/tsconfig.test.json' }] },
  moduleNameMapper: {
    '^serval$': '<rootDir>/packages/serval/src',
    '^serval/([^/]+)$': '<rootDir>/packages/serval/src/$1',
    '^@serval/api/spi$': '<rootDir>/packages/api/src/spi/index.ts',
    '^@serval/([^/]+)$': '<rootDir>/packages/$1/src',
  },
  reporters: ['default', '<rootDir>/.config/reporter.cjs'],
  passWithNoTests: false,
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  coverageDirectory: 'coverage',
  coverageProvider: 'v8',
};
