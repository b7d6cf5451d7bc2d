import { IllegalArgumentException, IllegalStateException } from '@serval/api';
import { parseExtensions } from './handshake-headers';
import { WsTransport, type LibrarySocket, type WsConnectionFacts } from './ws-transport';

/** `WebSocket.OPEN`; ws itself is not loaded for it. */
const OPEN = 1;

const METHODS = ['on', 'once', 'off', 'send', 'ping', 'pong', 'close', 'terminate', 'pause', 'resume'] as const;

/** Sockets that have a container: a second one must not adopt them. */
const ADOPTED = new WeakSet<LibrarySocket>();

/** An open WebSocket of the ws library whose handshake was somebody else's; paused from now on. */
export class AdoptedWebSocket {
  readonly transport: WsTransport;

  private constructor(
    private readonly webSocket: LibrarySocket,
    facts: Omit<WsConnectionFacts, 'extensions'>,
  ) {
    webSocket.pause();
    const { extensions } = webSocket;
    this.transport = new WsTransport(webSocket, {
      ...facts,
      extensions: extensions === '' ? [] : parseExtensions(extensions),
    });
  }

  /**
   * Stops the reading at once, so that nothing is lost which has not been read yet.
   *
   * @throws IllegalArgumentException for something that is no WebSocket of ws
   * @throws IllegalStateException for one that is not open, or that was adopted before
   */
  static take(webSocket: unknown, facts: Omit<WsConnectionFacts, 'extensions'>): AdoptedWebSocket {
    const socket = requireWebSocket(webSocket);
    if (ADOPTED.has(socket)) {
      throw new IllegalStateException(
        'adoptWebSocket: the socket was adopted before; it has one session for its life.',
      );
    }
    if (socket.readyState !== OPEN) {
      const state = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'][socket.readyState] ?? String(socket.readyState);
      throw new IllegalStateException(
        `adoptWebSocket takes an open socket; found ${state}. Adopt it when it is handed to you, before anything is awaited.`,
      );
    }
    ADOPTED.add(socket);
    return new AdoptedWebSocket(socket, facts);
  }

  /** The empty string for none. */
  get subprotocol(): string {
    return this.webSocket.protocol;
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === OPEN;
  }

  /** Tells 'close' and 'error'. */
  get events(): NodeJS.EventEmitter {
    return this.webSocket;
  }
}

/** By its shape: an application may have another copy of ws than we do. */
function requireWebSocket(found: unknown): LibrarySocket {
  if (typeof found === 'object' && found !== null) {
    const candidate = found as Readonly<Record<string, unknown>>;
    const isWebSocket =
      METHODS.every((method) => typeof candidate[method] === 'function') &&
      typeof candidate.readyState === 'number' &&
      typeof candidate.protocol === 'string' &&
      typeof candidate.extensions === 'string';
    // It can do all that a WsTransport asks of it.
    if (isWebSocket) return found as LibrarySocket;
  }
  const what =
    typeof found === 'object' && found !== null
      ? `an object of class ${found.constructor?.name ?? '(none)'}`
      : String(found);
  throw new IllegalArgumentException(
    `adoptWebSocket takes a WebSocket of the ws library; found ${what}. Frameworks that wrap it have it as a member, such as .raw or .socket.`,
  );
}
