import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { Transport } from '@serval/api/spi';
import { createClientEngine, formatExtensions, parseExtensions, type ClientEngine } from '../src';

/** Opens a client's connection to a server on this machine, by its handshake in plain HTTP. */
export function connectNative(
  port: number,
  engine: ClientEngine = createClientEngine(),
): Promise<{ readonly transport: Transport | undefined; readonly socket: Socket }> {
  return new Promise((resolve, reject) => {
    const offers = formatExtensions(engine.offers);
    const handshake = request({
      port,
      host: '127.0.0.1',
      agent: false,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version': '13',
        ...(offers !== '' && { 'Sec-WebSocket-Extensions': offers }),
      },
    });
    handshake.on('error', reject);
    handshake.on('upgrade', (response, socket, head) => {
      const answer = response.headers['sec-websocket-extensions'];
      const transport = engine.open({
        socket,
        head,
        extensions: answer === undefined ? [] : parseExtensions(answer),
        isSecure: false,
        remoteAddress: socket.remoteAddress,
        closeTimeoutMs: 5000,
      });
      resolve({ transport, socket });
    });
    handshake.end();
  });
}
