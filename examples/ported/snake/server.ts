import { Server } from 'serval';
import { main } from '../../main';
import { servePages } from '../../pages';
import { SnakeAnnotation } from './snake-annotation';

const ROOT = '/examples/websocket/';

/** The snakes of Tomcat's examples, at the same path, and a page for them. */
export function start(port: number): Promise<Server> {
  return new Server({
    port,
    contextPath: '/examples',
    compatibility: 'tomcat-10.1',
    endpoints: [SnakeAnnotation],
    requestListener: servePages('ported/snake', ROOT),
  }).start();
}

if (require.main === module) void main(start, `http://localhost${ROOT}`);
