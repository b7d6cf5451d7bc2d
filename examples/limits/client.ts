import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

// npm run example -- limits client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';

const PRICES = 400;

async function open(path: string): Promise<WebSocket> {
  const socket = new WebSocket(server + path);
  await once(socket, 'open');
  return socket;
}

/** The code and the reason of a close. */
async function closeOf(socket: WebSocket): Promise<string> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return `${code} ${reason.toString()}`.trim();
}

/** Six messages at once, three a second. */
async function rateThatWaits(): Promise<void> {
  const socket = await open('/patient');
  const began = performance.now();
  let atOnce = 0;
  let answers = 0;
  const done = new Promise<void>((resolve) =>
    socket.on('message', () => {
      answers += 1;
      if (performance.now() - began < 500) atOnce += 1;
      if (answers === 6) resolve();
    }),
  );
  for (let count = 1; count <= 6; count += 1) socket.send(String(count));
  await done;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`rate limit that waits: ${answers} answers, ${atOnce} at once, the others after ${seconds} s`);
  socket.close();
}

async function rateThatCloses(): Promise<void> {
  const socket = await open('/strict');
  const closed = closeOf(socket);
  for (let count = 1; count <= 6; count += 1) socket.send(String(count));
  console.log(`rate limit that closes: ${await closed}`);
}

/** The third guest at a table for two. */
async function connectionLimits(): Promise<void> {
  const seated = [await open('/table'), await open('/table')];
  const third = new WebSocket(`${server}/table`).on('error', () => undefined);
  const [, response] = (await once(third, 'unexpected-response')) as [unknown, IncomingMessage];
  console.log(`connection limit: ${response.statusCode}, Retry-After ${response.headers['retry-after']} s`);
  response.destroy();
  for (const socket of seated) socket.close();

  const others = [await open('/polite/table'), await open('/polite/table')];
  const refused = new WebSocket(`${server}/polite/table`);
  console.log(`connection limit with a close frame: ${await closeOf(refused)}`);
  for (const socket of others) socket.close();
}

/** Reads nothing for a while, and gets the latest price. The buffers of the operating system hold some of the others. */
async function coalescing(): Promise<void> {
  const socket = await open('/prices');
  let received = 0;
  let latest = 0;
  const done = new Promise<void>((resolve) =>
    socket.on('message', (data: Buffer) => {
      received += 1;
      latest = Number.parseInt(data.toString(), 10);
      if (latest === PRICES) resolve();
    }),
  );
  socket.send(String(PRICES));
  socket.pause();
  await sleep(PRICES * 8);
  socket.resume();
  await done;
  const few = received < PRICES ? 'fewer than all' : 'all';
  console.log(`coalescing: ${few} of ${PRICES} prices (${received}), the latest is number ${latest}`);
  socket.close();
}

async function run(): Promise<void> {
  await rateThatWaits();
  await rateThatCloses();
  await connectionLimits();
  await coalescing();
}

run().catch((error: Error) => console.error(`${error.message}. Is the server running?`));
