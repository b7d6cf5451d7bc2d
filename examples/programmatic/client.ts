import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';

// npm run example -- programmatic client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
const socket = new WebSocket(`${server}/ws/count`, ['count.v1']);
socket.on('open', () => {
  socket.send('the quick brown fox');
  socket.send(randomBytes(1_000_000));
});
let answers = 0;
socket.on('message', (data: Buffer) => {
  console.log(data.toString());
  if (++answers === 2) socket.close();
});
socket.on('error', (error) => console.error(`${error.message}. Is the server running?`));
