import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ts from 'typescript';
import { packDependencies, packPackages, Project } from '.';
import { everyInference } from './public-types';

// What a user gets: the tarballs, installed by npm into an empty folder, without a network.

jest.setTimeout(180_000);

let tarballs: string;
let project: Project;

beforeAll(async () => {
  tarballs = mkdtempSync(join(tmpdir(), 'serval-tarballs-'));
  const own = await packPackages(tarballs);
  project = await Project.create();
  await project.install([...own, ...(await packDependencies(tarballs))]);
});

afterAll(async () => {
  await project.remove();
  rmSync(tarballs, { recursive: true, force: true });
});

/** An endpoint in plain JavaScript, served and talked to. */
const ECHO = `
  class Echo {
    say(text) {
      return 'you said ' + text;
    }
  }
  ServerEndpoint('/echo')(Echo);
  OnMessage({ params: [String] })(Echo.prototype, 'say', Object.getOwnPropertyDescriptor(Echo.prototype, 'say'));

  async function main() {
    const server = await new Server({ host: '127.0.0.1', endpoints: [Echo] }).start();
    const connection = await connect('ws://127.0.0.1:' + server.port + '/echo');
    await connection.send('hello');
    for await (const message of connection) {
      console.log(message);
      break;
    }
    await server.stop();
  }
`;
const NAMES = 'OnMessage, Server, ServerEndpoint, connect';

test('a CommonJS program runs', async () => {
  await project.write('main.cjs', `const { ${NAMES} } = require('serval');\n${ECHO}\nmain();\n`);
  expect(await project.run(process.execPath, ['main.cjs'])).toEqual({ code: 0, output: 'you said hello\n' });
});

test('an ES module runs', async () => {
  await project.write('main.mjs', `import { ${NAMES} } from 'serval';\n${ECHO}\nawait main();\n`);
  expect(await project.run(process.execPath, ['main.mjs'])).toEqual({ code: 0, output: 'you said hello\n' });
});

test('import and require give the same classes', async () => {
  await project.write(
    'same.mjs',
    `import { createRequire } from 'node:module';
     import * as imported from 'serval';
     import * as api from '@serval/api';
     const required = createRequire(import.meta.url)('serval');
     const names = Object.keys(required);
     console.log(names.length > 30, names.every((name) => imported[name] === required[name]), api.Session === imported.Session);`,
  );
  expect((await project.run(process.execPath, ['same.mjs'])).output).toBe('true true true\n');
});

test('the command line runs', async () => {
  const { code, output } = await project.run('npx', ['--no-install', 'serval', '--help']);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Usage: serval <command>') });
});

test('the package for tests runs', async () => {
  await project.write('testing.cjs', `console.log(typeof require('@serval/testing').TestServer);`);
  expect((await project.run(process.execPath, ['testing.cjs'])).output).toBe('function\n');
});

describe('a package', () => {
  const installed = (): string[] => [
    'serval',
    ...readdirSync(join(project.directory, 'node_modules', '@serval')).map((name) => `@serval/${name}`),
  ];

  test('names its dependencies by versions that npm knows', () => {
    expect(installed()).toHaveLength(9);
    for (const name of installed()) {
      const manifest = readFileSync(join(project.directory, 'node_modules', name, 'package.json'), 'utf8');
      const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: object };
      expect({ name, ranges: Object.values(dependencies).filter((range) => !/^\^\d/.test(String(range))) }).toEqual({
        name,
        ranges: [],
      });
    }
  });

  test('holds its compiled code, its README and no test', () => {
    for (const name of installed()) {
      const files = readdirSync(join(project.directory, 'node_modules', name)).filter(
        (file) => file !== 'node_modules',
      );
      expect({ name, files: files.sort() }).toEqual({ name, files: ['README.md', 'dist', 'package.json'] });
      expect(existsSync(join(project.directory, 'node_modules', name, 'dist', '.tsbuildinfo'))).toBe(false);
    }
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

  /** Members that our own packages use across their borders, of types that are not for applications. */
  const INTERNAL = [
    'member_WsClientContainer_prepare',
    'member_WsClientContainer_attempt',
    'member_WsClientContainer_diagnostics',
    'member_DeployedEndpoint_plan',
  ];

  test('every type that is inferred from the API can be named in a declaration file, in the layout of pnpm', async () => {
    const consumer = await Project.create({ type: 'module' });
    try {
      consumer.installLikePnpm(project, ['serval', 'reflect-metadata', '@types/node']);
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

  test('the declaration files themselves have no errors', async () => {
    const file = await project.write(
      'library.ts',
      `export * from 'serval';\nexport * as testing from '@serval/testing';\n`,
    );
    expect(diagnose([file], { ...OPTIONS, skipLibCheck: false })).toEqual([]);
  });
});
