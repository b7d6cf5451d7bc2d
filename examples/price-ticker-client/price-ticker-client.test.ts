import { HandshakeException, Server } from 'serval';
import { Prices } from './prices';
import { printPrices, start } from './server';
import { Ticker } from './ticker';

let server: Server;

afterEach(() => server.stop());

test('price-ticker-client prints the prices of the server in its own process', async () => {
  const lines: string[] = [];
  server = await start(0);
  await printPrices(server, (line) => lines.push(line));
  expect(lines).toEqual([
    'tea: connected, prices.v1',
    'tea: 2.50',
    'tea: 2.55',
    'tea: 2.40',
    'tea: closed 1000',
    'coffee: connected, prices.v1',
    'coffee: 3.10',
    'coffee: 3.05',
    'coffee: 3.20',
    'coffee: closed 1000',
  ]);
});

test('price-ticker-client reports a missing server', async () => {
  server = await new Server({ port: 0, endpoints: [Prices], contextPath: '/shop' }).start();
  const ticker = new Ticker('tea', () => undefined);
  const error: unknown = await ticker.follow(`ws://127.0.0.1:${server.port}`).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HandshakeException);
  expect(error).toMatchObject({ code: 'WS_CONNECT_REFUSED', status: 404 });
});
