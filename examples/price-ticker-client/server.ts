import { Server } from 'serval';
import { main } from '../main';
import { Prices } from './prices';
import { Ticker } from './ticker';

export function start(port: number): Promise<Server> {
  return new Server({ port, endpoints: [Prices] }).start();
}

/** Two clients in the same process as their server, one after the other. */
export async function printPrices(server: Server, print: (line: string) => void): Promise<void> {
  for (const article of ['tea', 'coffee']) await new Ticker(article, print).follow(`ws://localhost:${server.port}`);
}

async function startAndPrint(port: number): Promise<Server> {
  const server = await start(port);
  printPrices(server, console.log).catch((error: unknown) => console.error(error));
  return server;
}

if (require.main === module) void main(startAndPrint, 'ws://localhost/prices/tea');
