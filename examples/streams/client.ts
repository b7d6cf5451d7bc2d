import { createHash } from 'node:crypto';
import { WebSocket } from 'ws';

// npm run example -- streams client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';

/** Sends something, and returns every message up to the expected one. */
async function talk(path: string, message: string | Buffer | undefined, count: number): Promise<Buffer[]> {
  const socket = new WebSocket(`${server}${path}`);
  const received: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => message !== undefined && socket.send(message));
    socket.on('message', (data: Buffer) => received.push(data) === count && socket.close(1000));
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
  return received;
}

async function main(): Promise<void> {
  const file = Buffer.alloc(5_000_000, 'serval');
  console.log(`upload: sha256 ${createHash('sha256').update(file).digest('hex')}`);
  const [, answer] = await talk('/upload', file, 2);
  console.log(`server: ${answer?.toString()}`);

  const [download] = await talk('/download/3000000', undefined, 1);
  console.log(`download: ${download?.length} bytes`);

  const sales = ['ann,3', 'bob,5', 'ann,4'].join('\n').concat('\n').repeat(10_000);
  const [totals] = await talk('/totals', sales, 1);
  console.log(`totals: ${totals?.toString().trim().split('\n').join(' ')}`);
}

main().catch((error: Error) => console.error(`${error.message}. Is the server running?`));
