import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Transport } from '@serval/api/spi';
import { createClientEngine, formatExtensions, parseExtensions, type ClientEngine } from '@serval/protocol';
import { MAX_FRAGMENTS, PER_MESSAGE_DEFLATE } from '../../src/limits';

const CLOSE_TIMEOUT_MS = 5000;

const engine = createClientEngine({ perMessageDeflate: PER_MESSAGE_DEFLATE, maxFragments: MAX_FRAGMENTS });

/** A client's engine without a container, on a server that opens the connection as it should: nothing is checked. */
export async function openTransport(url: URL, client: ClientEngine = engine): Promise<Transport> {
  const handshake = request({
    host: url.hostname,
    port: url.port,
    path: url.pathname + url.search,
    agent: false,
    headers: {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      ...(client.offers.length > 0 && { 'Sec-WebSocket-Extensions': formatExtensions(client.offers) }),
    },
  }).end();
  const [response, socket, head] = (await once(handshake, 'upgrade')) as [IncomingMessage, Socket, Buffer];
  const { 'sec-websocket-extensions': extensions } = response.headers;
  const transport = client.open({
    socket,
    head,
    extensions: extensions === undefined ? [] : parseExtensions(extensions),
    isSecure: false,
    remoteAddress: socket.remoteAddress,
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  });
  if (transport === undefined) throw new Error('The server has answered with an extension that was not offered.');
  return transport;
}
