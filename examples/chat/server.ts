import { Server } from 'serval';
import { main } from '../main';
import { Chat } from './chat';
import { servePage } from './page';

/** The chat demo: the page at `/`, the endpoint at `/chat/{room}`. */
export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Chat], requestListener: servePage }).start();
}

if (require.main === module) void main(start, 'http://localhost/');
