import { WebSocket } from 'ws';

// npm run example -- echo client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
const socket = new WebSocket(`${server}/echo`);
socket.on('open', () => {
  socket.send('hello');
  socket.send(Buffer.from([1, 2, 3]));
});
let answers = 0;
socket.on('message', (data: Buffer, isBinary) => {
  console.log(isBinary ? data : data.toString());
  if (++answers === 2) socket.close();
});
socket.on('error', (error) => console.error(`${error.message}. Is the server running?`));
