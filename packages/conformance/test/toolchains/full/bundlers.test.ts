import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { packServal, Project } from '..';

// A server and a client in one file, by each bundler that a Node service is bundled with; esbuild is in bundles.test.ts.
// The bundle runs where nothing is installed.

const MODULES = join(__dirname, '..', 'tools', 'node_modules');
jest.setTimeout(240_000);

const PROGRAM = `
  import { connect, Endpoint, Server, ServerEndpointConfig } from 'serval';

  class Echo extends Endpoint {
    onOpen(session) {
      session.addMessageHandler(String, {
        onMessage: (text) => session.getBasicRemote().sendText('you said ' + text),
      });
    }
  }

  async function main() {
    const [engine] = process.argv.slice(2);
    const endpoints = [ServerEndpointConfig.Builder.create(Echo, '/echo').build()];
    const server = await new Server({ host: '127.0.0.1', endpoints, engine, perMessageDeflate: engine === 'native' }).start();
    const connection = await connect('ws://127.0.0.1:' + server.port + '/echo', { perMessageDeflate: true });
    await connection.send('hello');
    for await (const message of connection) {
      console.log(message);
      break;
    }
    await server.stop();
  }

  main().catch((error) => console.log(error));
`;

/** `require` of the bundler, from the folder of tools. */
const tool = (name: string): string => JSON.stringify(join(MODULES, name));

const BUNDLERS: Readonly<Record<string, string>> = {
  webpack: `
    const webpack = require(${tool('webpack')});
    const options = {
      mode: 'production',
      target: 'node20',
      entry: './app.mjs',
      output: { path: process.cwd(), filename: 'out.mjs', module: true, chunkFormat: 'module' },
      experiments: { outputModule: true },
    };
    webpack(options, (error, stats) => {
      if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
      // Packages that are optional, of ws and of Serval.
      const own = stats.toJson().warnings.filter(({ message }) => !/bufferutil|utf-8-validate|node-forge|socks/.test(message));
      for (const { message, moduleName } of own) console.log(moduleName, message);
    });
  `,
  rollup: `
    const { rollup } = require(${tool('rollup')});
    const plugins = ['node-resolve', 'commonjs', 'json'].map((name) => require(${tool('@rollup/plugin-')}.concat(name)).default({ preferBuiltins: true }));
    rollup({ input: 'app.mjs', plugins, onwarn: (warning) => console.log(warning.message) })
      .then((bundle) => bundle.write({ file: 'out.mjs', format: 'es', inlineDynamicImports: true }));
  `,
  rolldown: `
    import(${tool('rolldown/dist/index.mjs')})
      .then(({ rolldown }) => rolldown({ input: 'app.mjs', platform: 'node', onwarn: (warning) => console.log(warning.message) }))
      .then((bundle) => bundle.write({ file: 'out.mjs', format: 'es', codeSplitting: false }));
  `,
};

test.each(Object.keys(BUNDLERS))('a bundle by %s serves and connects, with both engines', async (name) => {
  const source = await Project.create();
  const elsewhere = await Project.create();
  try {
    source.linkPacked((await packServal(join(elsewhere.directory, 'packed'))).folder);
    await source.write('app.mjs', PROGRAM);
    await source.write('bundle.cjs', BUNDLERS[name] ?? '');
    expect(await source.run(process.execPath, ['bundle.cjs'])).toEqual({ code: 0, output: '' });
    copyFileSync(join(source.directory, 'out.mjs'), join(elsewhere.directory, 'out.mjs'));
    for (const engine of ['native', 'ws']) {
      const { code, output } = await elsewhere.run(process.execPath, ['out.mjs', engine]);
      expect({ engine, code, output }).toEqual({ engine, code: 0, output: 'you said hello\n' });
    }
  } finally {
    await source.remove();
    await elsewhere.remove();
  }
});
