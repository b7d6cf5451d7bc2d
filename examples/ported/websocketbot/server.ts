import { Server } from 'serval';
import { main } from '../../main';
import { servePages } from '../../pages';
import { BotEndpoint } from './bot-endpoint';

/** The page at `/websocketbot/`, the endpoint at `/websocketbot/websocketbot`. */
export function start(port: number): Promise<Server> {
  return new Server({
    port,
    contextPath: '/websocketbot',
    endpoints: [BotEndpoint],
    requestListener: servePages('ported/websocketbot', '/websocketbot/'),
  }).start();
}

if (require.main === module) void main(start, 'http://localhost/websocketbot/');
