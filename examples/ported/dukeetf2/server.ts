import { Server } from 'serval';
import { main, type Running } from '../../main';
import { servePages } from '../../pages';
import { ETFEndpoint } from './etf-endpoint';
import { PriceVolumeBean } from './price-volume-bean';

/** The page at `/dukeetf2/`, the endpoint at `/dukeetf2/dukeetf`. */
export async function start(port: number): Promise<Running> {
  const server = await new Server({
    port,
    contextPath: '/dukeetf2',
    endpoints: [ETFEndpoint],
    requestListener: servePages('ported/dukeetf2', '/dukeetf2/'),
  }).start();
  const bean = new PriceVolumeBean();
  bean.init();
  return {
    port: server.port,
    async stop() {
      bean.destroy();
      await server.stop();
    },
  };
}

if (require.main === module) void main(start, 'http://localhost/dukeetf2/');
