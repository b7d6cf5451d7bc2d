import { Server, ServerEndpointConfig, type ServerOptions } from 'serval';
import { main, type Running } from '../../main';
import { servePages } from '../../pages';
import { DrawboardEndpoint } from './drawboard-endpoint';
import { Room } from './room';

const PAGES = servePages('ported/drawboard', '/examples/websocket/');

/** The drawboard: its page at `/examples/websocket/`, its endpoint at `/examples/websocket/drawboard`. */
export async function start(port: number, requestListener: ServerOptions['requestListener'] = PAGES): Promise<Running> {
  const room = new Room();
  const config = ServerEndpointConfig.Builder.create(DrawboardEndpoint, '/websocket/drawboard').build();
  config.getUserProperties().set('room', room);
  const server = await new Server({ port, contextPath: '/examples', endpoints: [config], requestListener }).start();
  return {
    port: server.port,
    stop() {
      room.close();
      return server.stop();
    },
  };
}

if (require.main === module) void main(start, 'http://localhost/examples/websocket/');
