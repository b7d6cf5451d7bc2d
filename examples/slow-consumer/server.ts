import { OnClose, OnOpen, Server, ServerEndpoint, Session, type RemoteEndpoint, type ServerOptions } from 'serval';
import { main, type Running } from '../main';
import { Ticker } from './ticker';

const TICK_MS = 20;

export const ticker = new Ticker();

@ServerEndpoint('/prices')
export class Prices {
  private remote: RemoteEndpoint.Async | undefined;

  @OnOpen
  open(session: Session): void {
    this.remote = session.getAsyncRemote();
    ticker.add(this.remote);
  }

  @OnClose
  close(): void {
    if (this.remote !== undefined) ticker.remove(this.remote);
  }
}

/**
 * The limit of waiting messages for one client, and the action at the limit: with 'drop-oldest' the client misses ticks
 * and gets the latest; with 'close' its session ends.
 */
export function boundsOf(queueOverflow: ServerOptions['queueOverflow']): ServerOptions {
  return { maxQueuedMessages: 5, queueOverflow, queueOverflowCloseCode: 4008 };
}

export async function start(port: number, queueOverflow = optionOf(process.argv[2])): Promise<Running> {
  const server = await new Server({ port, endpoints: [Prices], ...boundsOf(queueOverflow) }).start();
  ticker.start(TICK_MS);
  return {
    port: server.port,
    async stop() {
      ticker.stop();
      await server.stop();
    },
  };
}

// npm run example -- slow-consumer server close
function optionOf(argument: string | undefined): 'close' | 'drop-oldest' {
  return argument === 'close' ? 'close' : 'drop-oldest';
}

function report(): void {
  const { ticks, listeners, dropped } = ticker.state;
  const megabytes = Math.round(process.memoryUsage().rss / 1e6);
  if (listeners > 0) console.log(`${ticks} ticks, ${listeners} clients, ${dropped} dropped, ${megabytes} MB of memory`);
}

if (require.main === module) {
  setInterval(report, 1000).unref();
  void main(start, 'ws://localhost/prices');
}
