// Runs one application of a framework for the suite: prints its port, and stops at SIGTERM.
import serval from '../../../dist/index.js';

export const { attach, endpoint, ServerContainer } = serval;

/** The endpoint of every application: it shows the path parameter and the user. */
export const room = endpoint('/{room}', {
  onText: (text, session) => `${session.params.room}, ${session.user?.getName() ?? 'nobody'}: ${text}`,
});

/** The options of every container. */
export const options = { handshakeTimeout: 500, logger: { error() {}, warn() {}, debug() {} } };

/** Whether the server speaks HTTP/2, which an argument says. */
export const isHttp2 = process.argv.includes('http2');

/** @param {{ server: import('node:http').Server, stop: () => Promise<unknown> }} application which listens by now */
export function run({ server, stop }) {
  process.once('SIGTERM', () => void stop().then(() => console.log('stopped')));
  console.log(server.address().port);
}

export function listen(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

/** Stops a container, then its server. */
export async function stopBoth(container, server) {
  await container.stop();
  await new Promise((resolve) => server.close(resolve));
}
