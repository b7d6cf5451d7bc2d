import { WebSocket } from 'ws';

// npm run example -- adopt-websocket client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
const socket = new WebSocket(`${server}/lots/7?bidder=Ann`);
let messages = 0;
socket.on('message', (data: Buffer) => {
  console.log(data.toString());
  if (++messages === 1) socket.send('120');
  else socket.close();
});
socket.on('error', (error) => console.error(`${error.message}. Is the server running?`));
