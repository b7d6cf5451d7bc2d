import { WebSocket, type ClientOptions } from 'ws';

// npm run example -- configurator-auth client [server]
const server = process.argv[2] ?? 'ws://localhost:8080';
const url = `${server}/account`;

connect('token in the query', `${url}?token=ada-secret`);
connect('token as a subprotocol', url, ['account.v1', 'token.grace-secret']);
connect('no token', url);
connect('no token, from a page', url, [], { origin: 'https://app.example.com' });
connect('a foreign page', `${url}?token=ada-secret`, [], { origin: 'https://evil.example' });

function connect(title: string, address: string, subprotocols: string[] = [], options: ClientOptions = {}): void {
  const socket = new WebSocket(address, subprotocols, options);
  socket.on('message', (data: Buffer) => {
    console.log(`${title}: ${data.toString()}`);
    socket.close(1000);
  });
  socket.on('unexpected-response', (request, response) => {
    console.log(`${title}: HTTP ${response.statusCode}`);
    request.destroy();
  });
  socket.on('close', (code, reason) => console.log(`${title}: closed ${code} ${reason.toString()}`));
  socket.on('error', (error) => console.error(`${title}: ${error.message}`));
}
