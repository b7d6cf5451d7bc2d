import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

describe('the error of a failed scan names the remedy', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'serval-scan-'))));
  afterEach(() => rm(directory, { recursive: true }));

  /** Scans in a separate Node process, without Jest's transforms. */
  async function scanInNode(pattern: string, ...flags: string[]): Promise<string> {
    const main = join(directory, 'main.js');
    await writeFile(
      main,
      `const { ServerContainer } = require(${JSON.stringify(join(__dirname, '../dist'))});
       new ServerContainer().scan(${JSON.stringify(pattern)}, __dirname).catch((error) => console.log(error.message));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, main], { timeout: 60_000 });
    return stdout.trim().replaceAll(directory, '…');
  }

  const ENDPOINT = `const { ServerEndpoint } = require('@serval/api');\n@ServerEndpoint('/a')\nclass A {}\n`;
  const TYPESCRIPT =
    'could not be loaded; Node does not run decorators, nor all of TypeScript. Compile the file and scan the JavaScript, ' +
    'or start Node with a loader, such as node --import tsx.';
  const DECORATORS =
    'could not be loaded; it or a module that it imports seems to contain decorators that are not compiled, which Node does ' +
    'not run. Set a target below ESNext for tsc, one such as node20 for esbuild, and experimentalDecorators for Vite, rolldown and oxc.';

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

  test('another syntax error refers to its cause', async () => {
    await writeFile(join(directory, 'a.js'), 'const = 1;');
    expect(await scanInNode('a.js')).toBe('scan: …/a.js could not be loaded; see the cause.');
  });

  test('a missing folder', async () => {
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
      // Node 25 and later restrict the network too.
      ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
      `--allow-fs-read=${join(__dirname, '../../..')}`,
      `--allow-fs-read=${join(directory, 'main.js')}`,
    ];
    expect(await scanInNode('endpoints/*.js', ...flags)).toBe(
      'scan: "endpoints/*.js" matches no file below …. Node may not read …/endpoints; with --permission, also pass ' +
        '--allow-fs-read=…/endpoints.',
    );
  });
});
