import { WebSocket } from 'ws';

const MESSAGES = ['{"article":"tea","quantity":2}', '{"article":"cake","quantity":1}', '{"article":"gold"}', 'hello'];

// npm run example -- json-codec client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
const socket = new WebSocket(`${server}/orders`);
socket.on('open', () => MESSAGES.forEach((message) => socket.send(message)));
let answers = 0;
socket.on('message', (data: Buffer) => {
  console.log(`${MESSAGES[answers]} -> ${data.toString()}`);
  if (++answers === MESSAGES.length) socket.close();
});
socket.on('error', (error) => console.error(`${error.message}. Is the server running?`));
