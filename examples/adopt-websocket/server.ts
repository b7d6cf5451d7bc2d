import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OnMessage, OnOpen, ServerContainer, ServerEndpoint, Session, type Principal, type SessionData } from 'serval';
import { WebSocketServer } from 'ws';
import { main, type Running } from '../main';

/** The part of the application that moves to Serval: the auction of one lot. */
@ServerEndpoint('/lots/{lot}')
export class Auction {
  @OnOpen
  enter(session: Session<SessionData, Principal>): void {
    session.join(`lot ${session.params.lot}`);
    session.send(`${session.user.getName()} enters the auction of lot ${session.params.lot}`);
  }

  @OnMessage
  bid(amount: number, session: Session<SessionData, Principal>): void {
    session
      .getContainer()
      .to(...session.rooms)
      .send(`${session.user.getName()} bids ${amount}`);
  }
}

/** An existing ws server. It accepts every socket, identifies its users, and still serves some paths itself. */
export async function start(port: number): Promise<Running> {
  const httpServer = createServer();
  const webSocketServer = new WebSocketServer({ server: httpServer });
  const container = new ServerContainer();

  webSocketServer.on('connection', (webSocket, request) => {
    const url = new URL(request.url ?? '/', 'ws://localhost');
    const lot = /^\/lots\/(\d+)$/.exec(url.pathname)?.[1];
    if (lot === undefined) {
      webSocket.send('This path is still served by ws.');
      webSocket.close(1000);
      return;
    }
    const bidder = url.searchParams.get('bidder') ?? 'somebody';
    void container.adoptWebSocket(webSocket, request, Auction, {
      pathParameters: { lot },
      userPrincipal: { getName: () => bidder },
    });
  });

  await new Promise<void>((resolve, reject) => httpServer.once('error', reject).listen(port, resolve));
  return {
    // A server that listens on a port has this kind of address.
    port: (httpServer.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => httpServer.close(resolve));
      await container.stop();
      await closed;
    },
  };
}

if (require.main === module) void main(start, 'ws://localhost/lots/1');
