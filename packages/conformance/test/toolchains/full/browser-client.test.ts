import { createServer } from 'node:http';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { attach, OnMessage, Server, ServerEndpoint, Session } from 'serval';
import { describeInBrowser, Visits } from '../../../../../examples/test-browser';
import { packServal, Project, runTool } from '..';

// serval/browser of the packed package: over the WebSocket of each runtime, and in a page that Vite has built.

const TOOLS = join(__dirname, '..', 'tools');
const NODES = join(__dirname, '../../../../../.config/nodes/node_modules');
const bin = (name: string, ...path: string[]): string => join(TOOLS, 'node_modules', name, ...path);
const RUNTIMES: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ...[22, 24, 26].map((major) => [`Node ${major}`, join(NODES, `node${major}`, 'bin', 'node')] as const),
  ['Bun', bin('bun', 'bin', 'bun.exe')],
  ['Deno', bin('.bin', 'deno'), 'run', '-A', '--no-lock'],
];
jest.setTimeout(240_000);

@ServerEndpoint('/echo')
class Echo {
  @OnMessage text(text: string, session: Session) {
    return text === 'restart' ? session.close(1012) : text;
  }
  @OnMessage({ maxMessageSize: 100_000 }) binary(data: Buffer) {
    return data;
  }
}

let elsewhere: Project;
let packed: string;
beforeAll(async () => {
  elsewhere = await Project.create();
  packed = (await packServal(join(elsewhere.directory, 'packed'))).folder;
});
afterAll(() => elsewhere.remove());

test.each(RUNTIMES)('%s talks and reconnects', async (_name, program, ...args) => {
  const server = await new Server({ host: '127.0.0.1', endpoints: [Echo] }).start();
  try {
    const url = `ws://127.0.0.1:${server.port}/echo`;
    const { code, output } = await runTool(program, [...args, 'browser-client.mjs', url, join(packed, 'browser.mjs')], {
      cwd: TOOLS,
      env: { NODE_NO_WARNINGS: '1' },
    });
    expect({ code, output }).toEqual({ code: 0, output: 'hello\nUint8Array 70000 true\nagain\n0,1 1000 closed\n' });
  } finally {
    await server.stop();
  }
});

describeInBrowser('Vite', (browser) => {
  const PAGE = `
    import { connect } from 'serval';
    const client = await connect('/echo');
    await client.send('hello');
    for await (const message of client) {
      document.title = message;
      break;
    }
  `;

  test('builds a page with the client, and nothing else of serval', async () => {
    const project = await Project.create({ type: 'module' });
    const visits = new Visits(browser);
    const files = new Map<string, Buffer>();
    const http = createServer(({ url = '/' }, response) => {
      const type = extname(url) === '.js' ? 'text/javascript' : 'text/html';
      const file = files.get(url);
      response.writeHead(file === undefined ? 404 : 200, { 'Content-Type': type }).end(file);
    });
    const container = attach(http);
    container.addEndpoint(Echo);
    try {
      project.linkPacked(packed);
      const head = '<!doctype html><link rel="icon" href="data:,">';
      await project.write('index.html', `${head}<script type="module" src="/main.js"></script>`);
      await project.write('main.js', PAGE);
      const vite = bin('vite', 'bin', 'vite.js');
      const { code, output } = await project.run(process.execPath, [vite, 'build', '--logLevel', 'warn']);
      expect({ code, output }).toEqual({ code: 0, output: '' });
      const dist = join(project.directory, 'dist');
      for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' }))
        if (existsSync(join(dist, name)) && extname(name) !== '')
          files.set(`/${name === 'index.html' ? '' : name.replaceAll('\\', '/')}`, readFileSync(join(dist, name)));
      const scripts = [...files].filter(([name]) => name.endsWith('.js'));
      expect(scripts.map(([, text]) => text.length).reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(12_000);
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      const page = await visits.open(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
      await page.waitForFunction('document.title === "hello"');
      expect(visits.complaints).toEqual([]);
    } finally {
      await visits.end();
      await container.stop({ grace: 100 });
      http.close();
      await project.remove();
    }
  });
});
