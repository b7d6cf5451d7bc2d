// Runs every compiler on fixtures/compilers, and prints what came of it as JSON.
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import toolchains from '../../../dist/test/toolchains/index.js';

const { Project } = toolchains;
const TOOLS = join(import.meta.dirname, 'node_modules');
const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'compilers');
const NODES = join(import.meta.dirname, '../../../../../.config/nodes/node_modules');
const nodeBin = (major) => join(NODES, `node${major}`, 'bin', 'node');
const NODE = nodeBin(24);
const versionOf = (name) =>
  JSON.parse(readFileSync(join(/^node\d/.test(name) ? NODES : TOOLS, name, 'package.json'), 'utf8')).version;
const bin = (name, ...path) => join(TOOLS, name, ...path);

const LEGACY = { experimentalDecorators: true, emitDecoratorMetadata: true };
const tsconfig = (options) =>
  JSON.stringify({
    compilerOptions: {
      target: 'ES2022',
      module: 'NodeNext',
      types: ['node'],
      skipLibCheck: true,
      strict: true,
      noImplicitAny: false,
      rewriteRelativeImportExtensions: true,
      outDir: 'out',
      rootDir: '.',
      ...options,
    },
    include: ['*.ts'],
  });

/** tsc, then Node. */
const tsc = (name, options) => async (project, file) => {
  await project.write('tsconfig.json', tsconfig(options));
  const compiled = await project.run(NODE, [bin(name, 'bin', 'tsc'), '-p', '.']);
  if (compiled.code !== 0) return compiled;
  return project.run(NODE, [join('out', file.replace('.ts', '.js'))]);
};
const transform = (compiler, dialect) => async (project, file) => {
  const compiled = await project.run(NODE, [
    join(import.meta.dirname, 'transform.mjs'),
    compiler,
    dialect,
    project.directory,
  ]);
  if (compiled.code !== 0) return compiled;
  return project.run(NODE, [file.replace('.ts', '.mjs')]);
};
/** A tool that bundles, then Node. */
const bundle = (options, command, output) => async (project, file) => {
  await project.write('tsconfig.json', tsconfig(options));
  const [program, ...args] = command(file);
  const built = await project.run(program, args, { env: { NODE_ENV: 'production' } });
  if (built.code !== 0) return built;
  return project.run(NODE, [output(file)]);
};
const out = (extension) => (file) => join('out', file.replace('.ts', extension));
/** A tool that runs the source. */
const runs = (options, command) => async (project, file) => {
  await project.write('tsconfig.json', tsconfig(options));
  const [program, ...args] = command(file);
  return project.run(program, args);
};
const vitest = (name, options) => async (project, file) => {
  await project.write('tsconfig.json', tsconfig(options));
  await project.write(
    'run.test.ts',
    `import { test } from 'vitest';\ntest('runs', async () => { await import('./${file}'); await new Promise((r) => setTimeout(r, 1500)); });\n`,
  );
  symlinkSync(bin(name), join(project.directory, 'node_modules', 'vitest'));
  return project.run(NODE, [bin(name, 'vitest.mjs'), 'run', '--reporter=verbose', '--disable-console-intercept']);
};
const esbuild =
  (...flags) =>
  (file) => [
    bin('esbuild', 'bin', 'esbuild'),
    file,
    '--bundle',
    '--platform=node',
    '--packages=external',
    '--format=esm',
    '--outdir=out',
    '--out-extension:.js=.mjs',
    ...flags,
  ];
const rolldown = (file) => [
  NODE,
  bin('rolldown', 'bin', 'cli.mjs'),
  file,
  '--platform',
  'node',
  '--format',
  'esm',
  '--external',
  'serval',
  '--file',
  out('.mjs')(file),
];
const tsdown = (file) => [
  NODE,
  bin('tsdown', 'dist', 'run.mjs'),
  file,
  '--out-dir',
  'out',
  '--format',
  'esm',
  '--no-dts',
  '--no-config',
];
const viteBuild = (file) => [NODE, bin('vite', 'bin', 'vite.js'), 'build', '--ssr', file, '--outDir', 'out'];
const bun = (file) => [bin('bun', 'bin', 'bun.exe'), file];
const deno = (file) => [bin('.bin', 'deno'), 'run', '-A', '--no-lock', file];

const TSC = [
  ['5.9', 'typescript59'],
  ['6', 'typescript'],
  ['7', 'typescript7'],
];
const METADATA = 'legacy, metadata';

/** In the order of the page. */
export const CASES = [
  ...TSC.map(([, name]) => [
    'tsc',
    name,
    METADATA,
    '`experimentalDecorators`, `emitDecoratorMetadata`',
    tsc(name, LEGACY),
  ]),
  ...TSC.map(([, name]) => ['tsc', name, 'standard', '`target: ES2022`', tsc(name, {})]),
  ...TSC.map(([, name]) => ['tsc', name, 'standard', '`target: ESNext`', tsc(name, { target: 'ESNext' })]),
  [
    'ts-node',
    'ts-node',
    METADATA,
    '`--transpile-only`, CommonJS',
    runs(
      {
        ...LEGACY,
        module: 'CommonJS',
        moduleResolution: 'Node10',
        ignoreDeprecations: '6.0',
        rewriteRelativeImportExtensions: false,
      },
      (file) => [NODE, bin('ts-node', 'dist', 'bin.js'), '-T', file],
    ),
  ],
  [
    'tsx',
    'tsx',
    'legacy',
    '`experimentalDecorators`',
    runs(LEGACY, (file) => [NODE, bin('tsx', 'dist', 'cli.mjs'), file]),
  ],
  ['tsx', 'tsx', 'standard', '', runs({}, (file) => [NODE, bin('tsx', 'dist', 'cli.mjs'), file])],
  ['esbuild', 'esbuild', 'legacy', '`experimentalDecorators`', bundle(LEGACY, esbuild('--target=node20'), out('.mjs'))],
  ['esbuild', 'esbuild', 'standard', '`--target=node20`', bundle({}, esbuild('--target=node20'), out('.mjs'))],
  [
    'esbuild',
    'esbuild',
    'standard',
    'no `--target`, and ESNext in tsconfig.json',
    bundle({ target: 'ESNext' }, esbuild(), out('.mjs')),
  ],
  ['swc', '@swc/core', METADATA, '`legacyDecorator`, `decoratorMetadata`', transform('swc', 'legacy')],
  ['swc', '@swc/core', 'standard', "`decoratorVersion: '2022-03'`", transform('swc', 'standard')],
  [
    'oxc-transform',
    'oxc-transform',
    METADATA,
    '`legacy`, `emitDecoratorMetadata`; install `@oxc-project/runtime`',
    transform('oxc', 'legacy'),
  ],
  ['oxc-transform', 'oxc-transform', 'standard', '`target: es2022`', transform('oxc', 'standard')],
  [
    'Babel',
    '@babel/core',
    METADATA,
    "`version: 'legacy'`, babel-plugin-transform-typescript-metadata",
    transform('babel', 'legacy'),
  ],
  ['Babel', '@babel/core', 'standard', "`version: '2023-11'`", transform('babel', 'standard')],
  ['rolldown', 'rolldown', METADATA, 'tsconfig.json', bundle(LEGACY, rolldown, out('.mjs'))],
  ['rolldown', 'rolldown', 'standard', '', bundle({}, rolldown, out('.mjs'))],
  ['tsdown', 'tsdown', METADATA, 'tsconfig.json', bundle(LEGACY, tsdown, out('.mjs'))],
  ['tsdown', 'tsdown', 'standard', '', bundle({}, tsdown, out('.mjs'))],
  ['Vite', 'vite', METADATA, '`vite build --ssr`, tsconfig.json', bundle(LEGACY, viteBuild, out('.js'))],
  ['Vite', 'vite', 'standard', '`vite build --ssr`', bundle({}, viteBuild, out('.js'))],
  ['Vitest', 'vitest4', METADATA, 'tsconfig.json', vitest('vitest4', LEGACY)],
  ['Vitest', 'vitest4', 'standard', '', vitest('vitest4', {})],
  ['Vitest', 'vitest', METADATA, 'tsconfig.json', vitest('vitest', LEGACY)],
  ['Vitest', 'vitest', 'standard', '', vitest('vitest', {})],
  ['Bun', 'bun', METADATA, 'tsconfig.json', runs(LEGACY, bun)],
  ['Bun', 'bun', 'standard', '', runs({}, bun)],
  ['Deno', 'deno', METADATA, 'tsconfig.json', runs(LEGACY, deno)],
  ['Deno', 'deno', 'standard', '', runs({}, deno)],
  ...['22', '24', '26'].map((major) => [
    'Node',
    `node${major}`,
    'standard',
    '`node app.ts`',
    runs({}, (file) => [nodeBin(major), file]),
  ]),
];

const DECORATORS = 'SyntaxError: Invalid or unexpected token';

async function runCase([tool, name, dialect, options, run]) {
  const file = dialect === METADATA ? 'legacy.ts' : 'standard.ts';
  const project = await Project.create({ type: 'module', dependencies: { serval: '*' } });
  try {
    project.linkWorkspace();
    for (const needed of ['@oxc-project/runtime', '@types/node', 'typescript', 'vite']) {
      mkdirSync(join(project.directory, 'node_modules', needed, '..'), { recursive: true });
      symlinkSync(bin(needed), join(project.directory, 'node_modules', needed));
    }
    for (const source of dialect === METADATA ? ['legacy.ts', 'types.ts'] : ['standard.ts'])
      cpSync(join(FIXTURES, source), join(project.directory, source));
    if (tool === 'ts-node') await project.write('package.json', '{"type":"commonjs"}');
    const { output } = await run(project, file);
    const [, result] = /RESULT (.*)/.exec(output) ?? [];
    const failure = output.includes('Invalid or unexpected token') ? DECORATORS : output.trim().slice(-600);
    return {
      tool,
      version: versionOf(name),
      dialect,
      options,
      ...(result === undefined ? { failure } : { result: JSON.parse(result) }),
    };
  } finally {
    await project.remove();
  }
}

const wanted = process.argv[2];
const results = [];
for (const one of CASES) {
  if (wanted !== undefined && !one[0].toLowerCase().includes(wanted.toLowerCase())) continue;
  results.push(await runCase(one));
  if (process.env.SHOW) console.error(JSON.stringify(results.at(-1)));
}
console.log(JSON.stringify(results, undefined, 2));
