import { Agent as HttpAgent, type Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { HandshakeException } from '@serval/api';
import { toError } from '@serval/container';
import { tolerateErrors, tolerateNoErrors } from '@serval/protocol';
import { Deadline } from './deadline';
import type { HandshakeSettings } from './handshake-settings';
import { isSecure, overTunnel } from './http-exchange';
import { describeProxy, type Proxy } from './proxy';
import { openTunnel } from './proxy-tunnel';
import type { TlsOptions } from './tls-options';

/**
 * How long a connection waits for another request. Servers of Node close one after 5 seconds, and a request that crosses
 * with that is lost.
 */
const IDLE_MS = 4000;

/** A server, and the way to it. */
export interface ConnectionParts {
  readonly uri: URL;
  readonly tls: TlsOptions;
  readonly proxy: Proxy | undefined;
  readonly settings: HandshakeSettings;
}

/** Connections to one server, each for one request after the other. `destroy` ends all of them. */
export function sharedConnections(parts: ConnectionParts): Agent {
  const options = { keepAlive: true, timeout: IDLE_MS };
  const to = { to: parts.uri };
  const agent = isSecure(to) ? new HttpsAgent(options) : new HttpAgent(options);
  const { proxy } = parts;
  if (proxy === undefined) return agent;
  let isOver = false;
  const destroy = agent.destroy.bind(agent);
  agent.destroy = () => {
    isOver = true;
    destroy();
  };
  agent.createConnection = (_options, callback) => {
    // Node's type leaves out that a failure has no stream.
    const tell = callback as ((error: Error | null, stream?: Duplex) => void) | undefined;
    connectThrough(proxy, parts).then(
      (socket) => {
        if (isOver) socket.destroy();
        else tell?.(null, socket);
      },
      (thrown: unknown) => tell?.(toError(thrown)),
    );
    return undefined;
  };
  return agent;
}

async function connectThrough(proxy: Proxy, { uri, tls, settings }: ConnectionParts): Promise<Duplex> {
  const { handshakeTimeout } = settings;
  const deadline = new Deadline(handshakeTimeout, () => tookTooLong(proxy, handshakeTimeout));
  try {
    const { socket } = await openTunnel(proxy, uri, { settings, deadline });
    tolerateErrors(socket);
    const connection = overTunnel({ to: uri, tls }, socket);
    if (connection === socket) tolerateNoErrors(socket);
    return connection;
  } finally {
    deadline.clear();
  }
}

function tookTooLong(proxy: Proxy, milliseconds: number): HandshakeException {
  return new HandshakeException(
    `The proxy ${describeProxy(proxy)} did not open a tunnel within ${milliseconds} ms (handshakeTimeout).`,
    undefined,
    'WS_CONNECT_TIMEOUT',
  );
}
