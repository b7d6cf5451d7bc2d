import { Server } from 'serval';
import { main } from '../main';
import { servePages } from '../pages';
import { Chat } from './chat';

/** The chat demo: the page at `/`, the endpoint at `/chat/{room}`. */
export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Chat], requestListener: servePages('chat') }).start();
}

if (require.main === module) void main(start, 'http://localhost/');
