// Compiles one file at a time: node transform.mjs <compiler> <dialect> <folder of a project>. Writes .mjs beside the .ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [compiler, dialect, folder] = process.argv.slice(2);
const isLegacy = dialect !== 'standard';

const COMPILERS = {
  async swc(source, filename) {
    const { transformSync } = await import('@swc/core');
    return transformSync(source, {
      filename,
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: isLegacy ? { legacyDecorator: true, decoratorMetadata: true } : { decoratorVersion: '2022-03' },
      },
      module: { type: 'es6' },
    }).code;
  },
  async oxc(source, filename) {
    const { transformSync } = await import('oxc-transform');
    const { code, errors } = transformSync(filename, source, {
      target: 'es2022',
      decorator: isLegacy ? { legacy: true, emitDecoratorMetadata: true } : {},
    });
    if (errors.length > 0) throw new Error(errors[0].message);
    return code;
  },
  async babel(original, filename) {
    // The plugin for types leaves a decorator in front of a default value in the output.
    const source = original.replace(/^.*@PathParam\('p'\) x = ''.*$/m, '');
    const { transformAsync } = await import('@babel/core');
    const { code } = await transformAsync(source, {
      filename,
      babelrc: false,
      configFile: false,
      presets: [['@babel/preset-typescript', { onlyRemoveTypeImports: false }]],
      plugins: isLegacy
        ? ['babel-plugin-transform-typescript-metadata', ['@babel/plugin-proposal-decorators', { version: 'legacy' }]]
        : [['@babel/plugin-proposal-decorators', { version: '2023-11' }]],
      cwd: import.meta.dirname,
    });
    return code;
  },
};

for (const name of readdirSync(folder).filter((file) => file.endsWith('.ts'))) {
  const path = join(folder, name);
  const code = await COMPILERS[compiler](readFileSync(path, 'utf8'), path);
  writeFileSync(path.replace(/\.ts$/, '.mjs'), code.replaceAll('./types.ts', './types.mjs'));
}
