import type { AddressInfo } from 'node:net';
import { type RawData, WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: process.argv.includes('--deflate'),
});

server.on('connection', (socket, request) => {
  if (request.url === '/broadcast') {
    socket.on('message', (data) => {
      const text = textOf(data);
      for (const peer of server.clients) peer.send(text);
    });
  } else if (request.url === '/drain') {
    socket.on('message', (count) => {
      socket.send(Buffer.alloc(4 * 1024 * 1024));
      for (let number = 0; number < Number(textOf(count)); number += 1) socket.send(`message ${number}`);
      socket.send('the end');
    });
  } else {
    // A text handler needs a string, so decode the text, as every other contender does.
    socket.on('message', (data, isBinary) => socket.send(isBinary ? data : textOf(data)));
  }
});

server.on('listening', () => {
  // It listens on a TCP port, so the address is not a path.
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ port, pid: process.pid }));
});

/** With the default `binaryType` a message is one Buffer. */
function textOf(data: RawData): string {
  return (data as Buffer).toString();
}
