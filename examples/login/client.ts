import { once } from 'node:events';
import { WebSocket } from 'ws';

// npm run example -- login client [server]
const ws = process.argv[2] ?? 'ws://localhost:8080';
const http = ws.replace(/^ws/, 'http');

async function post(path: string, cookie = ''): Promise<string> {
  const response = await fetch(`${http}${path}`, { method: 'POST', headers: { cookie } });
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

async function visit(title: string, cookie: string): Promise<WebSocket> {
  const socket = new WebSocket(`${ws}/news`, { headers: { cookie } });
  socket.on('error', (error) => console.log(`${title}: ${error.message}`));
  socket.on('message', (data: Buffer) => console.log(`${title}: ${data.toString()}`));
  socket.on('close', (code, reason) => console.log(`${title}: closed ${code} ${reason.toString()}`.trimEnd()));
  return socket;
}

async function run(): Promise<void> {
  const stranger = await visit('a stranger', '');
  // Not events.once, which rejects on an error.
  await new Promise((resolve) => stranger.once('close', resolve));
  const cookie = await post('/login/ann');
  const ann = await visit('ann', cookie);
  await once(ann, 'message');
  const told = once(ann, 'message');
  await post('/notify/ann');
  await told;
  const closed = once(ann, 'close');
  await post('/logout', cookie);
  await closed;
}

void run();
