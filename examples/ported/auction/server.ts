import { Server } from 'serval';
import { main, type Running } from '../../main';
import { servePages } from '../../pages';
import { AuctionEndpoint } from './auction-endpoint';

/** The pages at `/sample-auction/`, the endpoint at `/sample-auction/auction`. */
export async function start(port: number): Promise<Running> {
  const server = await new Server({
    port,
    contextPath: '/sample-auction',
    endpoints: [AuctionEndpoint],
    requestListener: servePages('ported/auction', '/sample-auction/'),
  }).start();
  return {
    port: server.port,
    async stop() {
      for (const auction of AuctionEndpoint.auctions) auction.stopTimeBroadcast();
      await server.stop();
    },
  };
}

if (require.main === module) void main(start, 'http://localhost/sample-auction/');
