import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as ts from 'typescript';
import { packDependencies, packServal, Project, type PackedServal } from '.';
import { callsOf } from './echo-program';
import { everyInference } from './public-types';
import { ROOT } from './tool';

// The tarball that users get, installed by npm into an empty folder, without a network.

jest.setTimeout(180_000);

let tarballs: string;
let packed: PackedServal;
let project: Project;

beforeAll(async () => {
  tarballs = mkdtempSync(join(tmpdir(), 'serval-tarballs-'));
  packed = await packServal(tarballs);
  project = await Project.create();
  await project.install([packed.tarball, ...(await packDependencies(packed.folder, tarballs)).values()]);
});

afterAll(async () => {
  await project.remove();
  rmSync(tarballs, { recursive: true, force: true });
});

const installed = (...path: string[]): string => join(project.directory, 'node_modules', ...path);
const manifest = (): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(installed('serval', 'package.json'), 'utf8')) as Readonly<Record<string, unknown>>;

test.each(callsOf('native'))('%s runs', async (_kind, file, program) => {
  await project.write(file, program);
  expect(await project.run(process.execPath, [file])).toEqual({ code: 0, output: 'you said hello\n' });
});

test('import and require return the same classes, from serval and its subpaths', async () => {
  await project.write(
    'same.mjs',
    `import { createRequire } from 'node:module';
     import * as imported from 'serval';
     import * as spi from 'serval/spi';
     import { TestServer } from 'serval/testing';
     const require = createRequire(import.meta.url);
     const required = require('serval');
     const names = Object.keys(required);
     console.log(names.length > 30, names.every((name) => imported[name] === required[name]));
     const isClass = (value) => typeof value === 'function' && /^class /.test(String(value));
     console.log(names.every((name) => !isClass(required[name]) || required[name].name === name));
     console.log(spi.HeaderMap === require('serval/spi').HeaderMap, TestServer === require('serval/testing').TestServer);
     console.log(new TestServer().container instanceof imported.ServerContainer);
     console.log(Object.keys(require.cache).every((file) => !file.includes('node_modules/@serval')));`,
  );
  expect((await project.run(process.execPath, ['same.mjs'])).output).toBe('true true\ntrue\ntrue true\ntrue\ntrue\n');
});

test('serval/browser has the same names for import, require and a plain script', async () => {
  await project.write(
    'browser.mjs',
    `import { createRequire } from 'node:module';
     import { readFileSync } from 'node:fs';
     import { runInThisContext } from 'node:vm';
     import * as imported from 'serval/browser';
     const require = createRequire(import.meta.url);
     const required = require('serval/browser');
     runInThisContext(readFileSync(require.resolve('serval/package.json').replace('package.json', 'browser.js'), 'utf8') + ';globalThis.script = serval');
     for (const names of [imported, required, script]) console.log(Object.keys(names).sort().join());`,
  );
  const { output } = await project.run(process.execPath, ['browser.mjs']);
  expect(output).toBe('ReplyException,connect,json,streamSocket\n'.repeat(3));
});

test('the command line runs', async () => {
  const { code, output } = await project.run('npx', ['--no-install', 'serval', '--help']);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Usage: serval <command>') });
  const { version } = manifest();
  expect((await project.run('npx', ['--no-install', 'serval', '--version'])).output).toBe(`${String(version)}\n`);
});

test('require reads at most 40 files, and Node’s modules for HTTP/1.1 without TLS', async () => {
  await project.write(
    'start.cjs',
    `require('serval');
     console.log(Object.keys(require.cache).length - 1);
     const loaded = process.moduleLoadList.filter((name) => /^NativeModule (http2|https|tls|zlib)$/.test(name));
     console.log(loaded.join());`,
  );
  const [files, loaded] = (await project.run(process.execPath, ['start.cjs'])).output.split('\n');
  expect({ files: Number(files) <= 40, loaded }).toEqual({ files: true, loaded: '' });
});

describe('libraries load on first use', () => {
  /** The packages of others that a program has loaded. */
  async function loadedBy(program: string): Promise<string> {
    await project.write(
      'loaded.cjs',
      `${program}
       const names = Object.keys(require.cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
       console.log([...new Set(names)].filter(Boolean).sort().join(' '));`,
    );
    return (await project.run(process.execPath, ['loaded.cjs'])).output.trim();
  }
  const LEGACY = `
    class Chat { say(text, session) { return text; } }
    serval.OnMessage(Chat.prototype, 'say', Object.getOwnPropertyDescriptor(Chat.prototype, 'say'));
    if (typeof Reflect.metadata === 'function') Reflect.metadata('design:paramtypes', [String, serval.Session])(Chat.prototype, 'say');
    serval.ServerEndpoint('/chat')(Chat);
    new serval.Server().container.addEndpoint(Chat);`;

  test('none at the start', async () => {
    expect(await loadedBy(`require('serval'); require('serval/spi'); require('serval/testing');`)).toBe('serval');
  });

  test('proxy-addr with trustProxy', async () => {
    const program = `new (require('serval').Server)({ trustProxy: 'loopback' });`;
    expect(await loadedBy(program)).toBe('forwarded ipaddr.js proxy-addr serval');
  });

  test("ws with engine: 'ws'", async () => {
    expect(await loadedBy(`new (require('serval').Server)({ engine: 'ws' });`)).toBe('serval ws');
  });

  test('reflect-metadata with a class whose types the compiler emitted', async () => {
    expect(await loadedBy(`const serval = require('serval'); ${LEGACY}`)).toBe('reflect-metadata serval');
  });

  test.each([
    ['before', `require('reflect-metadata'); const serval = require('serval'); ${LEGACY}`],
    ['after', `const serval = require('serval'); require('reflect-metadata'); ${LEGACY}`],
  ])('reflect-metadata that the program loads %s serval', async (_order, program) => {
    expect(await loadedBy(program)).toBe('reflect-metadata serval');
  });

  test('without reflect-metadata, roles by type name the command that installs it', async () => {
    const { output } = await project.run(process.execPath, [
      await project.write(
        'without.cjs',
        `require('node:module')._load = ((load) => (name, ...rest) => {
           if (name === 'reflect-metadata') throw new Error('Cannot find module');
           return load(name, ...rest);
         })(require('node:module')._load);
         const serval = require('serval');
         try { ${LEGACY} } catch (error) { console.log(error.code, error.message); }`,
      ),
    ]);
    expect(output).toContain('WS_DEPLOY_BAD_PARAMETER Chat.say: parameter 2 has no role');
    expect(output).toContain('run "npm install reflect-metadata"');
  });
});

describe('the package', () => {
  test('has dependency versions that npm can resolve, and complete metadata', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta, ...rest } = manifest();
    expect(Object.keys(dependencies ?? {})).toEqual(['proxy-addr', 'reflect-metadata', 'tinyglobby', 'ws']);
    for (const range of Object.values(dependencies ?? {})) expect(range).toMatch(/^\^\d/);
    const peers = Object.entries(peerDependencies ?? {}).sort();
    expect(peers.map(([name]) => name)).toEqual([
      '@bufbuild/protobuf',
      '@nestjs/core',
      '@opentelemetry/api',
      'cbor-x',
      'jose',
      'msgpackr',
      'node-forge',
      'prom-client',
      'rate-limiter-flexible',
      'saxes',
      'socks',
    ]);
    for (const [, range] of peers) expect(range).toMatch(/^\^\d/);
    expect(peerDependenciesMeta).toEqual(Object.fromEntries(peers.map(([name]) => [name, { optional: true }])));
    expect(rest).toMatchObject({
      license: 'Apache-2.0',
      author: expect.any(String),
      keywords: expect.arrayContaining(['websocket']),
    });
    expect(rest).not.toHaveProperty('private');
    expect(rest).not.toHaveProperty('devDependencies');
  });

  test('is the only Serval package', () => {
    expect(existsSync(installed('@serval'))).toBe(false);
    expect(existsSync(installed('@types'))).toBe(false);
  });

  test('contains compiled code, README and LICENSE, but no tests and no maps without sources', () => {
    const files = readdirSync(installed('serval'), { recursive: true, encoding: 'utf8' });
    const BROWSER = ['browser.cjs', 'browser.d.cts', 'browser.d.mts', 'browser.js', 'browser.mjs'];
    expect(readdirSync(installed('serval')).sort()).toEqual([
      'LICENSE',
      'README.md',
      ...BROWSER,
      'dist',
      'package.json',
    ]);
    expect(files.filter((file) => /\.map$|\.tsbuildinfo$|\.test\./.test(file))).toEqual([]);
    const code = files.filter((file) => file.endsWith('.js') || file.endsWith('.ts'));
    expect(code.length).toBeGreaterThan(100);
    for (const file of code) {
      const text = readFileSync(installed('serval', file), 'utf8');
      expect({ file, maps: text.includes('sourceMappingURL'), internal: text.includes('@serval/') }).toEqual({
        file,
        maps: false,
        internal: false,
      });
    }
  });

  test('has a README whose links are absolute or within the page', () => {
    const readme = readFileSync(installed('serval', 'README.md'), 'utf8');
    const targets = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !/^(https:|#)/.test(target))).toEqual([]);
    expect(readme).toContain('npm install');
    expect(readme).not.toContain('May import');
  });

  test('has no @internal members in its declarations', () => {
    const files = readdirSync(installed('serval', 'dist'), { recursive: true, encoding: 'utf8' });
    const declarations = files.filter((file) => file.endsWith('.d.ts'));
    expect(
      declarations.filter((file) => readFileSync(installed('serval', 'dist', file), 'utf8').includes('@internal')),
    ).toEqual([]);
  });
});

describe('types', () => {
  const OPTIONS: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    types: ['node'],
    declaration: true,
    noEmit: false,
  };

  function diagnose(files: readonly string[], options: ts.CompilerOptions): string[] {
    const program = ts.createProgram(files, options);
    return [
      ...program.getOptionsDiagnostics(),
      ...program.getSyntacticDiagnostics(),
      ...program.getSemanticDiagnostics(),
      ...program.getDeclarationDiagnostics(),
    ].map(({ file, start = 0, code, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      const line = file?.text.slice(file.text.lastIndexOf('\n', start) + 1).split('\n', 1)[0] ?? '';
      return `TS${code} ${line}: ${text}`;
    });
  }

  async function addNodeTypes(to: Project): Promise<void> {
    const at = join(to.directory, 'node_modules', '@types', 'node');
    await mkdir(dirname(at), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', '@types', 'node'), at, 'junction');
  }

  /** Of types that are not for applications. */
  const INTERNAL = ['member_DeployedEndpoint_plan'];

  test('a declaration file can name every type inferred from the API, in pnpm’s layout', async () => {
    const consumer = await Project.create({ type: 'module' });
    try {
      consumer.installLikePnpm(project, ['serval']);
      await addNodeTypes(consumer);
      const lines = everyInference('serval', consumer.directory, OPTIONS).filter(
        (line) => !INTERNAL.some((name) => line.includes(` ${name} `)),
      );
      expect(lines.length).toBeGreaterThan(500);
      const file = await consumer.write('consumer.ts', lines.join('\n'));
      expect(diagnose([file], { ...OPTIONS, skipLibCheck: true })).toEqual([]);
    } finally {
      await consumer.remove();
    }
  });

  // Neither target nor lib brings esnext.disposable.
  test.each<[string, ts.CompilerOptions, string]>([
    ['node16', { module: ts.ModuleKind.Node16 }, 'library.cts'],
    ['nodenext', { module: ts.ModuleKind.NodeNext }, 'library.mts'],
    ['bundler', { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }, 'library.ts'],
    [
      'node10',
      {
        module: ts.ModuleKind.CommonJS,
        moduleResolution: ts.ModuleResolutionKind.Node10,
        ignoreDeprecations: '6.0',
      },
      'library.ts',
    ],
  ])('the declaration files have no errors under moduleResolution %s', async (_name, options, name) => {
    const consumer = await Project.create();
    try {
      consumer.linkPacked(packed.folder);
      await addNodeTypes(consumer);
      const file = await consumer.write(
        name,
        `import { attach, OnMessage, Server, ServerEndpoint, type Engine, type PerMessageDeflateOptions } from 'serval';
         import type { AcceptedUpgrade, Transport, UpgradeReply } from 'serval/spi';
         import { TestServer } from 'serval/testing';
         @ServerEndpoint('/echo') class Echo { @OnMessage({ params: [String] }) say(text: string) { return text; } }
         const perMessageDeflate: PerMessageDeflateOptions = {};
         const engine: Engine = {
           installedExtensions: [],
           accept: (_upgrade: AcceptedUpgrade): Transport | undefined => undefined,
         };
         export const servers = [new Server({ endpoints: [Echo], perMessageDeflate }), new Server({ engine })] as const;
         export const test = new TestServer({ endpoints: [Echo] });
         export type Reply = UpgradeReply;
         export { attach };`,
      );
      const given = { ...OPTIONS, declaration: false, lib: ['lib.es2022.d.ts'], skipLibCheck: false, noEmit: true };
      expect(diagnose([file], { ...given, ...options })).toEqual([]);
    } finally {
      await consumer.remove();
    }
  });
});
