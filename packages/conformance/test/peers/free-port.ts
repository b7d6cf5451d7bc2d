import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const TRIES = 5;

/**
 * Starts a program that cannot listen on port 0, on a port that was free a moment before. If another process has taken
 * the port meanwhile, tries another one.
 *
 * @throws the error of `start`
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === TRIES || !/address already in use/i.test((error as Error).message)) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on a port.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const OPEN_LIMIT_MS = 10_000;

/** Settles when a port of 127.0.0.1 accepts connections. @throws Error if it does not in time */
export async function untilOpen(port: number, limitMs = OPEN_LIMIT_MS): Promise<void> {
  const limit = Date.now() + limitMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (Date.now() > limit) throw error;
      await delay(5);
    } finally {
      socket.destroy();
    }
  }
}
