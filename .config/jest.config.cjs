'use strict';
// `npm test`: everything about the product that needs no program of others. Tests run against the sources of every package;
// ts-jest emits the same code as tsc, because the decorators' metadata depends on it.
/** @type {import('jest').Config} */
module.exports = {
  rootDir: '..',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/examples/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '/fixtures/',
    // These belong to `npm run test:full`.
    '/conformance/test/(peers|ported|toolchains)/',
    '/test/hosts/full/',
    '/bench/test/work-counts',
    'browser\\.test\\.ts$',
  ],
  // What `npm run tarball` and `npm run check:package` make has the name of a workspace.
  modulePathIgnorePatterns: ['<rootDir>/packed/'],
  watchPathIgnorePatterns: ['/node_modules/', '/dist/'],
  setupFiles: ['reflect-metadata'],
  transform: {
    '\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/packages/tsconfig.test.json' }],
    '/(jose|inversify|@inversifyjs/[^/]+)/.*\\.js$': '<rootDir>/.config/jest-es-modules.cjs',
  },
  transformIgnorePatterns: ['/node_modules/(?!(\\.pnpm/)?(jose|inversify|@inversifyjs)[@/+])'],
  moduleNameMapper: {
    '^serval$': '<rootDir>/packages/serval/src',
    '^serval/([^/.]+)$': '<rootDir>/packages/serval/src/$1',
    '^@serval/api/spi$': '<rootDir>/packages/api/src/spi/index.ts',
    '^@serval/([^/]+)$': '<rootDir>/packages/$1/src',
  },
  // Every core: Jest leaves one idle by default, which is half of a machine with two.
  maxWorkers: '100%',
  // A test waits for events, not for time; this limit is for a machine that runs fifteen programs at once.
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/.config/reporter.cjs'],
  passWithNoTests: false,
  collectCoverageFrom: ['packages/*/src/**/*.ts', '!packages/{bench,conformance}/**'],
  coverageDirectory: 'coverage',
  coverageProvider: 'v8',
  coverageReporters: [require.resolve('./coverage-line.cjs')],
  // What a whole run measures, less 0.2. Raise it when it rises.
  ...(process.env.COVERAGE === '1' && { coverageThreshold: { global: { lines: 94.61, branches: 95.27 } } }),
};
