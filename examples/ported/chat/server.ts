import { Server } from 'serval';
import { main } from '../../main';
import { servePages } from '../../pages';
import { ChatAnnotation } from './chat-annotation';

const ROOT = '/examples/websocket/';

/** The chat of Tomcat's examples, at the same path, and a page for it. */
export function start(port: number): Promise<Server> {
  return new Server({
    port,
    contextPath: '/examples',
    compatibility: 'tomcat-10.1',
    endpoints: [ChatAnnotation],
    requestListener: servePages('ported/chat', ROOT),
  }).start();
}

if (require.main === module) void main(start, `http://localhost${ROOT}`);
