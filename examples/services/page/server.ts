import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { endpoint, Server } from 'serval';
import { main } from '../../main';
import { EXAMPLES, servePages } from '../../pages';

/** Notes for everyone, and the page that shows them. */
export function start(port: number): Promise<Server> {
  const notes = endpoint('/', { onText: (text, session) => session.broadcast(text) });
  // A real service serves the files that Vite built.
  const entryPoints = [join(EXAMPLES, 'services/page/public/main.js')];
  const { outputFiles } = buildSync({ entryPoints, bundle: true, minify: true, format: 'esm', write: false });
  const pages = servePages('services/page');
  return new Server({
    port,
    endpoints: [notes],
    requestListener(request, response) {
      if (request.url === '/main.js') response.setHeader('Content-Type', 'text/javascript').end(outputFiles[0]?.text);
      else pages(request, response);
    },
  }).start();
}

if (require.main === module) void main(start, 'http://localhost/');
