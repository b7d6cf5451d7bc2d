// `npm run lint`: the rules of .config/eslint.config.mjs, run by oxlint, and the errors of the native TypeScript. Editors may
// use either tool. oxlint implements most rules, tsgolint those that need types; .config/oxlint-plugin.mjs has the rest.
// It lies here because its globs start at its folder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import eslintConfig from './.config/eslint.config.mjs';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const PLUGIN = join(ROOT, '.config', 'oxlint-plugin.mjs');
const CODE = ['**/*.{js,mjs,cjs,ts}'];

// The compiler reports them.
const SYNTAX_ERRORS = ['no-dupe-args', 'no-octal'];

// oxlint does not see that a decorator's metadata needs an import.
const LESS = ['consistent-type-imports'];

const known = knownRules();

export default {
  plugins: ['typescript'],
  jsPlugins: [PLUGIN],
  categories: { correctness: 'off' },
  options: { typeAware: true, typeCheck: true },
  env: { builtin: true },
  ignorePatterns: eslintConfig.filter(isIgnore).flatMap(({ ignores }) => ignores),
  overrides: [
    ...eslintConfig.filter((entry) => !isIgnore(entry)).map(overrideOf),
    {
      // oxlint does not see that these listeners declare their `this`.
      files: ['packages/protocol/src/connection.ts'],
      rules: { 'typescript/unbound-method': 'off' },
    },
  ],
};

function isIgnore(entry) {
  return entry.ignores !== undefined && Object.keys(entry).every((key) => key === 'ignores' || key === 'name');
}

function overrideOf({ files = CODE, ignores = [], rules = {}, languageOptions = {} }) {
  return {
    files: files.flat(),
    excludeFiles: ignores,
    env: { commonjs: languageOptions.sourceType === 'commonjs' },
    globals: languageOptions.globals ?? {},
    rules: Object.fromEntries(
      Object.entries(rules)
        .filter(([name]) => !SYNTAX_ERRORS.includes(name))
        .map(([name, setting]) => [nameOf(name), setting])
        // ESLint's old names, which typescript-eslint turns off.
        .filter(([name, setting]) => setting !== 'off' || !name.startsWith('serval/')),
    ),
  };
}

/** The name in oxlint, which has some rules of typescript-eslint under ESLint's name. */
function nameOf(name) {
  const [rule, plugin = ''] = name.split('/').reverse();
  const names = plugin === '@typescript-eslint' ? [`typescript/${rule}`, rule] : [name];
  return (!LESS.includes(rule) && names.find((one) => known.includes(one))) || `serval/${rule}`;
}

/** As `typescript/unbound-method`, and ESLint's own without a scope. */
function knownRules() {
  const schema = JSON.parse(readFileSync(join(ROOT, 'node_modules/oxlint/configuration_schema.json'), 'utf8'));
  return Object.keys(schema.definitions.DummyRuleMap.properties);
}
