import { WebSocket } from 'ws';

// npm run example -- path-parameters client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
for (const path of ['/quote/ACME/2', '/quote/SERVAL/0', '/quote/ACME/two', '/quote/GOLD/2']) {
  const socket = new WebSocket(server + path);
  socket.on('open', () => socket.send('3'));
  socket.on('message', (data: Buffer) => {
    console.log(`${path}: ${data.toString()}`);
    if (!data.toString().startsWith('error')) socket.close(1000);
  });
  socket.on('close', (code, reason) => console.log(`${path}: closed ${code} ${reason.toString()}`));
  socket.on('error', (error) => console.error(`${error.message}. Is the server running?`));
}
