import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeploymentException } from '@serval/api';
import { Server, ServerContainer } from '../src';
import { Chat } from './fixtures/scan/chat';

const FIXTURES = join(__dirname, 'fixtures');

async function scanned(pattern: string | string[]): Promise<ServerContainer> {
  const container = new ServerContainer();
  await container.scan(pattern, FIXTURES);
  return container;
}

const paths = (container: ServerContainer): string[] =>
  ['/chat', '/other', '/programmatic'].filter((path) => container.match(path) !== undefined);

test('[WSC-6.2-3] without application configs a scan deploys all annotated classes, each once, and no programmatic ones', async () => {
  expect(paths(await scanned('scan/**/*.ts'))).toEqual(['/chat', '/other']);
});

test('[WSC-4.8.2] a subclass of an annotated class is not deployed', async () => {
  const container = await scanned('scan/chat.ts');
  expect(container.match('/chat')?.target.plan.name).toBe('Chat');
});

test('[WSC-6.2-5] with application configs it deploys the union of their choices', async () => {
  expect(paths(await scanned(['chosen/*.ts', 'scan/**/*.ts']))).toEqual(['/chat', '/programmatic']);
});

test('deploys endpoints of functions, each once, and no other configurations', async () => {
  const container = await scanned(['functions/*.ts', 'functions/clock.ts']);
  expect(container.match('/clock')?.target.plan.name).toBe('/clock');
  expect(container.match('/built')).toBeUndefined();
  await container.scan('functions/*.ts', FIXTURES);
});

test('leaves the choice to an application config, which endpoints of functions do not reach', async () => {
  const container = await scanned(['chosen/*.ts', 'scan/**/*.ts', 'functions/*.ts']);
  expect(container.match('/clock')).toBeUndefined();
});

test('deploys a class once if a scan finds it and it is added again', async () => {
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

test('start() rejects with the scan’s failure, and the server does not listen', async () => {
  const server = new Server({ scan: join(FIXTURES, 'broken/*.ts') });
  await expect(server.start()).rejects.toThrow(/could not be loaded/);
  expect(() => server.port).toThrow(/not listening/);
});

test('scans CommonJS and ES modules, including one with a top-level await', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'serval-scan-'));
  try {
    // The compiled packages, as users have them; npm test has built them.
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
      `const { ServerContainer } = require(${JSON.stringify(join(__dirname, '../dist'))});
       const container = new ServerContainer();
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
