import { HandshakeException } from 'serval';
import { Ticker } from './ticker';

// npm run example -- price-ticker-client client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
new Ticker('tea', console.log).follow(server).catch((error: unknown) => {
  if (!(error instanceof HandshakeException)) throw error;
  console.error(`${error.message} Is the server running?`);
  process.exitCode = 1;
});
