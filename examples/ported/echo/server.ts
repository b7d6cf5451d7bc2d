import { extname } from 'node:path';
import { Server } from 'serval';
import { main } from '../../main';
import { servePages } from '../../pages';

const ROOT = '/examples/websocket/';

/** The four echoes of Tomcat's examples, at the same paths, and a page to try them. */
export async function start(port: number): Promise<Server> {
  const server = new Server({
    port,
    contextPath: '/examples',
    compatibility: 'tomcat-10.1',
    requestListener: servePages('ported/echo', ROOT),
  });
  // Same as this file: `.js` after compilation, `.ts` if a loader runs the source.
  await server.container.scan(`endpoints/*${extname(__filename)}`, __dirname);
  return server.start();
}

if (require.main === module) void main(start, `http://localhost${ROOT}`);
