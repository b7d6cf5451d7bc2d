/** An endpoint in plain JavaScript, served and talked to. The imports differ: see {@link callsOf}. */
const ECHO = `
  class Echo {
    say(text) {
      return 'you said ' + text;
    }
  }
  ServerEndpoint('/echo')(Echo);
  OnMessage({ params: [String] })(Echo.prototype, 'say', Object.getOwnPropertyDescriptor(Echo.prototype, 'say'));

  async function main(engine) {
    const server = await new Server({ host: '127.0.0.1', endpoints: [Echo], engine }).start();
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

/** The program as each kind of module: its name, its file, its text. */
export function callsOf(engine: 'native' | 'ws'): [kind: string, file: string, text: string][] {
  return [
    ['a CommonJS program', 'main.cjs', `const { ${NAMES} } = require('serval');\n${ECHO}\nmain('${engine}');\n`],
    ['an ES module', 'main.mjs', `import { ${NAMES} } from 'serval';\n${ECHO}\nawait main('${engine}');\n`],
  ];
}
