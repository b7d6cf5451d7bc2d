import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** How long the slow client reads nothing. The operating system's buffers take a while to fill. */
const PAUSE_MS = 4000;

// npm run example -- slow-consumer client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';

/** Reads prices; the slow client pauses for some seconds. */
async function read(name: string, isSlow: boolean): Promise<void> {
  const socket = new WebSocket(`${server}/prices`);
  const ticks: number[] = [];
  let newest = 0;
  socket.on('message', (data: Buffer) => {
    const { tick, at } = JSON.parse(data.toString()) as { tick: number; at: number };
    ticks.push(tick);
    newest = at;
  });
  const closed = new Promise<string>((resolve) =>
    socket.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`)),
  );
  const failed = new Promise<never>((_, reject) => socket.on('error', reject));
  await Promise.race([new Promise((resolve) => socket.on('open', resolve)), failed]);
  if (isSlow) socket.pause();
  await sleep(PAUSE_MS);
  socket.resume();
  const end = await Promise.race([closed, sleep(1000, 'still open')]);
  const sent = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) + 1;
  const age = ((Date.now() - newest) / 1000).toFixed(1);
  console.log(`${name}: ${ticks.length} of ${sent} ticks, the newest ${age} s old, ${end.trim()}`);
  socket.terminate();
}

Promise.all([read('fast', false), read('slow', true)]).catch((error: Error) =>
  console.error(`${error.message}. Is the server running?`),
);
