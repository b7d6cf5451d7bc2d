import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeploymentException } from '@serval/api';
import { Server, WsServerContainer } from '../src';
import { Chat } from './fixtures/scan/chat';

const FIXTURES = join(__dirname, 'fixtures');

async function scanned(pattern: string | string[]): Promise<WsServerContainer> {
  const container = new WsServerContainer();
  await container.scan(pattern, FIXTURES);
  return container;
}

const paths = (container: WsServerContainer): string[] =>
  ['/chat', '/other', '/programmatic'].filter((path) => container.match(path) !== undefined);

test('[WSC-6.2-3] without application configs a scan deploys all annotated classes, each once, and no programmatic ones', async () => {
  expect(paths(await scanned('scan/**/*.ts'))).toEqual(['/chat', '/other']);
});

test('[WSC-4.8.2] a subclass of an annotated class is not deployed', async () => {
  const container = await scanned('scan/chat.ts');
  expect(container.match('/chat')?.target.plan.name).toBe('Chat');
});

test('[WSC-6.2-5] with application configs it deploys the union of what they choose', async () => {
  expect(paths(await scanned(['chosen/*.ts', 'scan/**/*.ts']))).toEqual(['/chat', '/programmatic']);
});

test('a class that a scan has deployed and that is added again is deployed once', async () => {
  const container = await scanned('scan/chat.ts');
  expect(() => container.addEndpoint(Chat)).not.toThrow();
});

test('a pattern that matches nothing, and a module that cannot be loaded, fail the deployment', async () => {
  await expect(scanned('nothing/*.js')).rejects.toThrow(/scan: "nothing\/\*\.js" matches no file below/);
  const failure = await scanned('broken/*.ts').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DeploymentException);
  expect(failure).toMatchObject({
    message: expect.stringContaining('broken.ts could not be loaded'),
    cause: { message: 'this module cannot be loaded' },
  });
});

test('a server that scans rejects its start with the failure, and does not listen', async () => {
  const server = new Server({ scan: join(FIXTURES, 'broken/*.ts') });
  await expect(server.start()).rejects.toThrow(/could not be loaded/);
  expect(() => server.port).toThrow(/not listening/);
});

describe('what a scan fails with says what to do', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'serval-scan-'))));
  afterEach(() => rm(directory, { recursive: true }));

  /** Scans in a Node of its own, without Jest's transforms. */
  async function scanInNode(pattern: string, ...flags: string[]): Promise<string> {
    const main = join(directory, 'main.js');
    await writeFile(
      main,
      `const { WsServerContainer } = require(${JSON.stringify(join(__dirname, '../dist'))});
       new WsServerContainer().scan(${JSON.stringify(pattern)}, __dirname).catch((error) => console.log(error.message));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, main], { timeout: 60_000 });
    return stdout.trim().replaceAll(directory, '…');
  }

  const ENDPOINT = `const { ServerEndpoint } = require('@serval/api');\n@ServerEndpoint('/a')\nclass A {}\n`;
  const TYPESCRIPT =
    'could not be loaded; Node runs no decorators, and not all of TypeScript. Compile the file and scan the JavaScript, ' +
    'or start Node with a loader, such as node --import tsx.';
  const DECORATORS =
    'could not be loaded; its decorators, or those of a module that it imports, seem not to be compiled, and Node runs ' +
    'none. Give tsc a target below ESNext, esbuild a target such as node20, and Vite, rolldown and oxc experimentalDecorators.';

  test.each([
    ['a.ts', ENDPOINT, TYPESCRIPT],
    ['a.mts', `import '@serval/api';\n@x\nexport class A {}\n`, TYPESCRIPT],
    ['a.ts', `enum Shade { Light }\nexport class A {}\n`, TYPESCRIPT],
    ['a.cjs', ENDPOINT, DECORATORS],
    ['a.mjs', `@x\nexport class A {}\n`, DECORATORS],
  ])('%s of %j', async (file, source, expected) => {
    await writeFile(join(directory, file), source);
    expect(await scanInNode(file)).toBe(`scan: …/${file} ${expected}`);
  });

  test('another syntax error is left to its cause', async () => {
    await writeFile(join(directory, 'a.js'), 'const = 1;');
    expect(await scanInNode('a.js')).toBe('scan: …/a.js could not be loaded; see the cause.');
  });

  test('a folder that is not there', async () => {
    expect(await scanInNode('missing/endpoints/**/*.js')).toBe(
      'scan: "missing/endpoints/**/*.js" matches no file below …. There is no folder …/missing/endpoints.',
    );
    expect(await scanInNode('none-*.js')).toBe('scan: "none-*.js" matches no file below ….');
  });

  const hasPermissions = Number(process.versions.node.split('.')[0]) >= 24;
  (hasPermissions ? test : test.skip)('a folder that Node may not read (Node 24 has --permission)', async () => {
    await mkdir(join(directory, 'endpoints'));
    await writeFile(join(directory, 'endpoints', 'a.js'), '');
    const flags = [
      '--permission',
      `--allow-fs-read=${join(__dirname, '../../..')}`,
      `--allow-fs-read=${join(directory, 'main.js')}`,
    ];
    expect(await scanInNode('endpoints/*.js', ...flags)).toBe(
      'scan: "endpoints/*.js" matches no file below …. Node may not read …/endpoints: beside --permission give ' +
        '--allow-fs-read=…/endpoints.',
    );
  });
});

test('CommonJS and ES modules are scanned alike, one that awaits at top level included', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'serval-scan-'));
  try {
    // The compiled packages, as a user has them: npm test has built them before.
    await symlink(join(__dirname, '../node_modules'), join(directory, 'node_modules'));
    const endpoint = (name: string): string =>
      `class ${name} { say(text) { return text; } }\n` +
      `ServerEndpoint('/${name}')(${name});\n` +
      `OnMessage({ params: [String] })(${name}.prototype, 'say', Object.getOwnPropertyDescriptor(${name}.prototype, 'say'));\n`;
    const esm = `import { OnMessage, ServerEndpoint } from '@serval/api';\n`;
    const cjs = `const { OnMessage, ServerEndpoint } = require('@serval/api');\n`;
    await writeFile(join(directory, 'a.cjs'), `${cjs}${endpoint('A')}exports.A = A;\n`);
    await writeFile(join(directory, 'b.cjs'), `${cjs}${endpoint('B')}module.exports = B;\n`);
    await writeFile(join(directory, 'c.mjs'), `${esm}${endpoint('C')}export { C };\n`);
    await writeFile(join(directory, 'd.mjs'), `${esm}await Promise.resolve();\n${endpoint('D')}export default D;\n`);
    const main = join(directory, 'main.js');
    await writeFile(
      main,
      `const { WsServerContainer } = require(${JSON.stringify(join(__dirname, '../dist'))});
       const container = new WsServerContainer();
       container.scan('*.?js', __dirname).then(() => {
         console.log(['/A', '/B', '/C', '/D'].map((path) => container.match(path) !== undefined).join());
       });`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [main]);
    expect(stdout.trim()).toBe('true,true,true,true');
  } finally {
    await rm(directory, { recursive: true });
  }
});
