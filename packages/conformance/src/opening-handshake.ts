import { randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Extension } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import {
  acceptValue,
  createClientEngine,
  formatExtensions,
  parseExtensions,
  type ClientEngine,
} from '@serval/protocol';
import { MAX_FRAGMENTS, PER_MESSAGE_DEFLATE } from './limits';

/** How long a server may take to answer. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long it may take to end the TCP connection once both close frames are there. */
const CLOSE_TIMEOUT_MS = 5000;

const engine = createClientEngine({ perMessageDeflate: PER_MESSAGE_DEFLATE, maxFragments: MAX_FRAGMENTS });

/** A server that answers, but not as RFC 6455 4.1 asks for. */
export class HandshakeFailed extends Error {
  override readonly name = 'HandshakeFailed';
}

/**
 * Opens a connection, with permessage-deflate if the server has it.
 *
 * @throws HandshakeFailed (as a rejection) for an answer that RFC 6455 4.1 does not allow
 * @throws Error (as a rejection) when the server cannot be reached, or does not answer in time
 */
export async function openWebSocket(url: URL, client: ClientEngine = engine): Promise<Transport> {
  const key = randomBytes(16).toString('base64');
  const { response, socket, head } = await ask(url, key, formatExtensions(client.offers));
  try {
    const transport = client.open({
      socket,
      head,
      extensions: checkAnswer(response, key),
      isSecure: false,
      remoteAddress: socket.remoteAddress,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
    });
    if (transport === undefined)
      throw new HandshakeFailed('the server answered with an extension that was not offered');
    return transport;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

interface UpgradeAnswer {
  readonly response: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

function ask(url: URL, key: string, offers: string): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const handshake = request({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || 80,
      path: url.pathname + url.search,
      agent: false,
      signal: AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS),
      headers: {
        Host: url.host,
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': key,
        'Sec-WebSocket-Version': '13',
        ...(offers !== '' && { 'Sec-WebSocket-Extensions': offers }),
      },
    });
    handshake.on('error', reject);
    handshake.on('response', (response) => {
      response.destroy();
      reject(new HandshakeFailed(`the server answered ${response.statusCode} to the opening handshake`));
    });
    handshake.on('upgrade', (response, socket, head) => resolve({ response, socket, head }));
    handshake.end();
  });
}

/** RFC 6455 4.1, the six points on the server's answer but for the extensions' parameters. @throws HandshakeFailed */
function checkAnswer({ statusCode, headers }: IncomingMessage, key: string): readonly Extension[] {
  // 1.
  if (statusCode !== 101) throw new HandshakeFailed(`the server answered ${statusCode} to the opening handshake`);
  // 2. and 3.
  if (headers.upgrade?.toLowerCase() !== 'websocket')
    throw new HandshakeFailed(`Upgrade is websocket; found ${headers.upgrade ?? 'none'}`);
  if (!headers.connection?.split(',').some((token) => token.trim().toLowerCase() === 'upgrade'))
    throw new HandshakeFailed(`Connection has Upgrade; found ${headers.connection ?? 'none'}`);
  // 4.
  if (headers['sec-websocket-accept'] !== acceptValue(key))
    throw new HandshakeFailed('Sec-WebSocket-Accept does not belong to the key');
  // 6. None was offered.
  if (headers['sec-websocket-protocol'] !== undefined)
    throw new HandshakeFailed('the server chose a subprotocol that was not offered');
  // 5.
  const extensions = headers['sec-websocket-extensions'];
  if (extensions === undefined) return [];
  try {
    return parseExtensions(extensions);
  } catch (error) {
    throw new HandshakeFailed('Sec-WebSocket-Extensions is malformed', { cause: error });
  }
}
