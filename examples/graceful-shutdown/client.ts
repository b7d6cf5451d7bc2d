import { WebSocket } from 'ws';

const TOPICS = ['sales', 'stock', 'staff'];

// npm run example -- graceful-shutdown client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
const socket = new WebSocket(`${server}/reports`);
const ask = (): void => {
  const topic = TOPICS.shift();
  if (topic === undefined) socket.close(1000);
  else socket.send(topic);
};
socket.on('open', ask);
socket.on('message', (data: Buffer) => {
  console.log(data.toString());
  ask();
});
socket.on('close', (code, reason) => console.log(`closed ${code} ${reason.toString()}`.trim()));
socket.on('error', (error) => console.error(`${error.message}. Is the server running?`));
