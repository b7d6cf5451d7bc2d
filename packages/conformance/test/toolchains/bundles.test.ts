import { build, type BuildOptions, type BuildResult } from 'esbuild';
import { basename, join } from 'node:path';
import { packServal, Project, type ToolRun } from '.';

// A server and a client in one file, by esbuild, and run where nothing is installed.

jest.setTimeout(120_000);

const PROGRAM = `
  import { connect, OnMessage, Server, ServerEndpoint } from 'serval';

  @ServerEndpoint('/echo')
  class Echo {
    @OnMessage({ params: [String] })
    say(text: string) {
      return 'you said ' + text;
    }
  }

  async function main() {
    const [engine = 'native', scan] = process.argv.slice(2) as ['native' | 'ws'];
    const options = { host: '127.0.0.1', endpoints: [Echo], engine, scan, perMessageDeflate: engine === 'native' };
    const server = await new Server(options).start();
    const connection = await connect('ws://127.0.0.1:' + server.port + '/echo', { perMessageDeflate: true });
    await connection.send('hello');
    for await (const message of connection) {
      console.log(message);
      break;
    }
    await server.stop();
  }

  main().catch((error) => console.log(error.message));
`;

let source: Project;
let elsewhere: Project;

beforeAll(async () => {
  elsewhere = await Project.create();
  source = await Project.create();
  source.linkPacked((await packServal(join(elsewhere.directory, 'packed'))).folder);
  await source.write('app.ts', PROGRAM);
});

afterAll(async () => {
  await source.remove();
  await elsewhere.remove();
});

async function bundle(name: string, options: BuildOptions): Promise<string> {
  const { warnings } = await build({
    absWorkingDir: source.directory,
    entryPoints: ['app.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    outfile: join(elsewhere.directory, name),
    ...options,
  });
  expect(warnings).toEqual([]);
  return name;
}

const run = (...args: string[]): Promise<ToolRun> => elsewhere.run(process.execPath, args);

/** The setting that esbuild's documentation recommends for dependencies that require Node's modules. */
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

test.each<[string, BuildOptions]>([
  ['app.mjs', { format: 'esm' }],
  ['app.min.mjs', { format: 'esm', minify: true, keepNames: true }],
  ['app.cjs', { format: 'cjs' }],
  ['app.min.cjs', { format: 'cjs', minify: true }],
])('%s serves and connects', async (name, options) => {
  expect(await run(await bundle(name, options))).toEqual({ code: 0, output: 'you said hello\n' });
});

describe('in a bundle for pages', () => {
  const forPage = (code: string): Promise<BuildResult> =>
    build({
      stdin: { contents: code, resolveDir: source.directory },
      bundle: true,
      platform: 'browser',
      format: 'esm',
      logLevel: 'silent',
      metafile: true,
      write: false,
    });

  test.each(['serval', 'serval/browser'])('%s is the client for pages, and nothing else', async (name) => {
    const { warnings, metafile } = await forPage(`export { connect } from '${name}'`);
    expect(warnings).toEqual([]);
    const files = Object.keys(metafile?.inputs ?? {}).filter((file) => file !== '<stdin>');
    expect(files.map((file) => basename(file))).toEqual(['browser.mjs']);
  });

  test('a name that pages do not have is an error of the bundler', async () => {
    const building = forPage(`import { Server } from 'serval'; new Server()`);
    await expect(building).rejects.toThrow(/No matching export in ".*browser\.mjs" for import "Server"/);
  });
});

test('a CommonJS bundle includes the engine over ws', async () => {
  expect(await run(await bundle('ws.cjs', { format: 'cjs' }), 'ws')).toEqual({ code: 0, output: 'you said hello\n' });
});

test('an ES module bundle reports the remedy for the engine over ws and for scan', async () => {
  const name = await bundle('ws.mjs', { format: 'esm' });
  const REMEDY =
    'which could not be loaded. In a bundle that is an ES module define require ' +
    'with createRequire(import.meta.url) in its banner, or keep serval out of the bundle.\n';
  expect((await run(name, 'ws')).output).toBe(`engine: 'ws' needs ws, ${REMEDY}`);
  expect((await run(name, 'native', '*.js')).output).toBe(`scan needs tinyglobby, ${REMEDY}`);
});

test('runs with the remedy', async () => {
  const name = await bundle('banner.mjs', { format: 'esm', banner: { js: BANNER } });
  expect(await run(name, 'ws')).toEqual({ code: 0, output: 'you said hello\n' });
  expect((await run(name, 'native', 'none/*.js')).output).toContain('matches no file');
});
