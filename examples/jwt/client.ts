import { WebSocket } from 'ws';
import { tokenFor } from './server';

// npm run example -- jwt client [server]
const url = `${process.argv[2] ?? 'ws://localhost:8080'}/desk`;

async function visit(title: string, protocols: string[], ...messages: string[]): Promise<void> {
  const socket = new WebSocket(url, protocols);
  socket.on('error', (error) => console.log(`${title}: ${error.message}`));
  socket.on('message', (data: Buffer) => console.log(`${title}: ${data.toString()}`));
  // Not events.once, which rejects on an error.
  const closed = new Promise<[number, Buffer]>((resolve) =>
    socket.once('close', (code, reason) => resolve([code, reason])),
  );
  socket.on('open', () => messages.forEach((message) => socket.send(message)));
  const [code, reason] = await closed;
  if (code !== 1006) console.log(`${title}: closed ${code} ${reason.toString()}`);
}

async function run(): Promise<void> {
  await visit('no token', ['desk.v1']);
  await visit('a guest', ['desk.v1', `bearer.${await tokenFor('bob', ['guest'], 60)}`]);
  const short = `bearer.${await tokenFor('ann', ['trader'], 2)}`;
  const stranger = await tokenFor('eve', ['trader'], 60);
  await visit('a trader', ['desk.v1', short], 'hello', `token ${stranger}`);
}

void run();
