import { endpoint, Server } from 'serval';
import { main } from '../main';

/** The session sends the results back. */
export const echo = endpoint('/echo', {
  onText: (text) => text,
  onBinary: (bytes) => bytes,
});

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [echo] }).start();
}

if (require.main === module) void main(start, 'ws://localhost/echo');
