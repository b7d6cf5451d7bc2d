import { transform } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import ts from 'typescript';
import { Project } from '.';
import { ROOT } from './tool';

// The two examples at the top of README.md run as they stand: compiled in each dialect, and started as an ES module.

jest.setTimeout(120_000);

type Compile = (code: string) => Promise<string>;

const tsc =
  (options: ts.CompilerOptions): Compile =>
  (code) => {
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, ...options };
    return Promise.resolve(ts.transpileModule(code, { compilerOptions }).outputText);
  };

/** As tsx does it, which is esbuild in the process. */
const esbuild =
  (compilerOptions: object): Compile =>
  async (code) => {
    const options = { loader: 'ts', format: 'esm', target: 'node20', tsconfigRaw: { compilerOptions } } as const;
    return (await transform(code, options)).code;
  };

const COMPILERS: Readonly<Record<string, Compile>> = {
  'tsc, standard decorators': tsc({}),
  'tsc, legacy decorators with metadata': tsc({ experimentalDecorators: true, emitDecoratorMetadata: true }),
  'esbuild, standard decorators': esbuild({}),
  'esbuild, legacy decorators': esbuild({ experimentalDecorators: true }),
};

const [plain = '', decorated = ''] = [
  ...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```ts both\n([^]*?)^```$/gm),
].map(([, code]) => code);

/** Two clients of the server: one sends, the other prints. */
const conversation = (port: number): string => `
import { connect } from 'serval';
const listener = await connect('ws://localhost:${port}/chat');
const speaker = await connect('ws://localhost:${port}/chat', { onText() {} });
await speaker.send('hello');
for await (const message of listener) {
  console.log(message);
  break;
}
process.exit();
`;

let project: Project;

beforeAll(async () => {
  project = await Project.create({ type: 'module' });
  project.linkWorkspace();
});

afterAll(() => project.remove());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo; // an address, as it listens on a port
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function run(code: string, compile: Compile): Promise<unknown> {
  const port = await freePort();
  expect(code).toContain('port: 8080');
  await project.write('app.js', (await compile(code.replace('port: 8080', `port: ${port}`))) + conversation(port));
  return project.run(process.execPath, ['app.js']);
}

test.each(Object.entries(COMPILERS))('the example with decorators of README.md runs: %s', async (_, compile) => {
  expect(decorated).toContain('@ServerEndpoint');
  expect(await run(decorated, compile)).toEqual({ code: 0, output: 'hello\n' });
});

test.each(Object.entries(COMPILERS))('the first example of README.md runs: %s', async (_, compile) => {
  expect(await run(plain, compile)).toEqual({ code: 0, output: 'hello\n' });
});

test('the form without decorators needs only type stripping, as in Node.js', async () => {
  expect(plain).not.toMatch(/^ *@/m);
  const erased = tsc({ target: ts.ScriptTarget.ESNext, verbatimModuleSyntax: true });
  expect(await run(plain, erased)).toEqual({ code: 0, output: 'hello\n' });
});
