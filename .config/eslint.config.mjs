// The rules of CONTRIBUTING.md that a machine can check.
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import tseslint from 'typescript-eslint';

const SOURCES = ['packages/*/src/**/*.ts', 'examples/**/*.ts'];
const TESTS = ['packages/*/test/**/*.ts', 'examples/**/*.test.ts'];

// A namespace may add types to a class of the same name, nothing that leaves code behind.
const OWN_NAMESPACE =
  ':not(TSModuleDeclaration[declare=true] *) > TSModuleDeclaration[kind="namespace"][declare!=true]';
const TYPE_MEMBER = 'TSInterfaceDeclaration, TSTypeAliasDeclaration, TSModuleDeclaration';
const NAMESPACE_WITH_CODE = [
  `${OWN_NAMESPACE} > TSModuleBlock > :not(ExportNamedDeclaration, ${TYPE_MEMBER})`,
  `${OWN_NAMESPACE} > TSModuleBlock > ExportNamedDeclaration > :not(${TYPE_MEMBER})`,
];

const SYNTAX = [
  { selector: 'TSEnumDeclaration', message: 'No enum: use a union of literals or a class.' },
  ...NAMESPACE_WITH_CODE.map((selector) => ({ selector, message: 'A namespace holds types only.' })),
];

// What a queue of an array costs grows with its length: half a million messages block the event loop for minutes.
const ARRAY_AS_QUEUE = {
  selector: 'CallExpression[callee.property.name=/^(shift|unshift)$/]',
  message: 'An array is no queue: use Fifo of @serval/api/spi.',
};

// A delay beyond 31 bits fires at once, and a clock that is late judges what was not read yet.
const BARE_TIMER = [
  'CallExpression[callee.name="setTimeout"]',
  'CallExpression[callee.property.name="setTimeout"][callee.object.name=/^(globalThis|timers)$/]',
  'ImportDeclaration[source.value=/^(node:)?timers\\u002fpromises$/]',
].map((selector) => ({ selector, message: 'Use Timer, Deadline or pause of @serval/api/spi.' }));

// `require` in a function loads a module on first use; an import() in CommonJS does not work in Jest.
const EAGER_REQUIRE = {
  selector: 'CallExpression[callee.name="require"]:not(:function CallExpression)',
  message: 'Import it, or require it in the function that needs it.',
};

// Tools and tests of ours, which nobody installs.
const PRIVATE = ['bench', 'conformance'].map((name) => `packages/${name}/**`);

export default defineConfig(
  { ignores: ['**/node_modules/**', '**/dist/**', '**/coverage/**', '**/fixtures/**'] },
  // Compiled by `npm run bench`, against packages that only it installs.
  { ignores: ['packages/bench/peers/*.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      // One program for sources, tests and examples: it resolves @serval/* to the sources, so no build is needed.
      parserOptions: { project: 'packages/tsconfig.test.json', tsconfigRootDir: import.meta.dirname + '/..' },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A method may be async because the interface it fulfils returns a promise.
      '@typescript-eslint/require-await': 'off',
      // Namespaces with code are forbidden below; a namespace of types is welcome.
      '@typescript-eslint/no-namespace': 'off',
      'no-restricted-syntax': ['error', ...SYNTAX],
      eqeqeq: ['error', 'always'],
    },
  },

  {
    files: SOURCES,
    // A rule has one severity, so the core rule is registered under a second name for the second limit.
    plugins: { serval: { rules: { 'max-lines': builtinRules.get('max-lines') } } },
    rules: {
      'max-lines': ['warn', { max: 350 }],
      'serval/max-lines': ['error', { max: 1000 }],
    },
  },

  {
    // An optional package is loaded on first use, by loadLazily.
    files: ['packages/serval/src/*.ts'],
    rules: {
      '@typescript-eslint/no-require-imports': ['error', { allow: ['^msgpackr$', '^cbor-x$', '^@bufbuild/protobuf$'] }],
    },
  },

  {
    files: ['packages/*/src/**/*.ts'],
    // A page's console is where its developer looks.
    ignores: ['**/logger.ts', 'packages/browser/src/web-socket-client.ts', 'packages/bench/src/servers/*.ts'],
    rules: { 'no-console': 'error' },
  },

  {
    files: ['packages/*/src/**/*.ts'],
    ignores: [...PRIVATE, 'packages/api/src/spi/timer.ts', 'packages/browser/**'],
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      'no-restricted-syntax': ['error', ...SYNTAX, EAGER_REQUIRE, ARRAY_AS_QUEUE, ...BARE_TIMER],
    },
  },

  {
    // It imports no other package, and counts every byte.
    files: ['packages/browser/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...SYNTAX, ARRAY_AS_QUEUE] },
  },

  {
    files: TESTS,
    rules: {
      '@typescript-eslint/no-empty-object-type': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': 'off',
      'serval/max-lines': 'off',
    },
  },

  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        ['Buffer', 'URL', 'clearTimeout', 'console', 'performance', 'process', 'setImmediate', 'setTimeout'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
  {
    // What a page loads: it runs in browsers.
    files: ['examples/**/public/**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'AbortController',
          'Blob',
          'EventSource',
          'URLSearchParams',
          'WebSocket',
          'addEventListener',
          'clearInterval',
          'createImageBitmap',
          'document',
          'fetch',
          'history',
          'localStorage',
          'location',
          'requestAnimationFrame',
          'setInterval',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
