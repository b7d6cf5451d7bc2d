import { connect } from 'node:net';
import { afterTest } from '../../../testing/test/toolbox';
import { ProtocolServer, sessionAt } from './protocol-server';

// SockJS 0.3.3, "Http 1.0 and 1.1 chunking".

/** Everything that a server sends to literal requests, until `isWhole` or the end of the connection. */
function exchange(
  { port }: ProtocolServer,
  request: string,
  isWhole: (received: string) => boolean = () => false,
): Promise<{ readonly received: string; readonly hasEnded: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    afterTest(() => socket.destroy());
    let received = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (data: string) => {
      received += data;
      if (isWhole(received)) resolve({ received, hasEnded: false });
    });
    socket.on('end', () => resolve({ received, hasEnded: true }));
  });
}

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;
const headOf = (received: string): string => received.slice(0, received.indexOf('\r\n\r\n')).toLowerCase();
const bodyOf = (received: string): string => received.slice(received.indexOf('\r\n\r\n') + 4);

describe('HTTP/1.0', () => {
  test('a short answer has a length, or ends the connection', async () => {
    const server = await ProtocolServer.start();
    const { received } = await exchange(
      server,
      lines('GET /echo HTTP/1.0', 'Host: localhost', 'Connection: Keep-Alive'),
      (text) => text.endsWith('Welcome to SockJS!\n'),
    );
    expect(headOf(received)).not.toContain('transfer-encoding');
    expect(headOf(received)).toContain('content-length: 19');
  });

  test('a stream has neither chunks nor a length, and ends with its connection', async () => {
    const server = await ProtocolServer.start();
    const { received, hasEnded } = await exchange(
      server,
      lines(`POST ${sessionAt('/close')}/xhr_streaming HTTP/1.0`, 'Host: localhost', 'Connection: Keep-Alive'),
    );
    expect(headOf(received)).not.toMatch(/transfer-encoding|content-length/);
    expect(bodyOf(received)).toBe(`${'h'.repeat(2048)}\no\nc[3000,"Go away!"]\n`);
    expect(hasEnded).toBe(true);
  });
});

describe('HTTP/1.1', () => {
  test('a connection serves several requests', async () => {
    const server = await ProtocolServer.start();
    const request = lines('GET /echo HTTP/1.1', 'Host: localhost', 'Connection: Keep-Alive');
    const { received } = await exchange(server, request + request, (text) => text.split('Welcome').length === 3);
    expect(received.match(/Content-Length: 19/g)).toHaveLength(2);
  });

  test('a stream has a chunk for each frame, and the connection stays open', async () => {
    const server = await ProtocolServer.start();
    const { received } = await exchange(
      server,
      lines(`POST ${sessionAt('/close')}/xhr_streaming HTTP/1.1`, 'Host: localhost', 'Content-Length: 0'),
      (text) => text.endsWith('\r\n0\r\n\r\n'),
    );
    expect(headOf(received)).toContain('transfer-encoding: chunked');
    expect(headOf(received)).not.toContain('content-length');
    expect(bodyOf(received)).toBe(
      `801\r\n${'h'.repeat(2048)}\n\r\n2\r\no\n\r\n13\r\nc[3000,"Go away!"]\n\r\n0\r\n\r\n`,
    );
  });
});
