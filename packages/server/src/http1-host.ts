import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { tolerateErrors } from '@serval/protocol';
import { claim, isTaken } from './shared-server';
import { hasBody, Http1Reply } from './http1-reply';
import { reject } from './rejection';
import { answerInsteadOfRoute, responseFor } from './routed-response';
import { isOwnListener, markAsOwn } from './shared-server';
import type { ServerContainer } from './server-container';
import { whenUnanswered } from './shared-server';
import { refuseUnmatched } from './unmatched';
import { hasToken } from './upgrade-reply';
import { filterUpgrades } from './upgrade-filter';
import { fromIncomingMessage } from './upgrade-request';

/** The arguments of Node's 'upgrade' event. */
export type UpgradeArguments = readonly [request: IncomingMessage, socket: Duplex, head: Buffer];

/** How long another listener may take to answer an upgrade to another protocol than WebSocket. */
const OTHER_PROTOCOL_MS = 2000;

/**
 * Handles the upgrades of an HTTP/1.1 server. The containers take those for paths of their endpoints, before other
 * listeners receive them. The server's other listeners get the rest. A WebSocket upgrade that nothing takes gets 404; any
 * other becomes a plain request.
 */
export class Http1Host {
  /** Receives upgrades that no container takes, and all upgrades if other code calls the listeners directly. */
  readonly #onUpgrade = markAsOwn((...upgrade: UpgradeArguments): void => {
    const [request, socket] = upgrade;
    if (isTaken(socket) || this.takes(upgrade)) return;
    if (!this.#isShared()) {
      this.#answer(upgrade);
      return;
    }
    const written = this.#writtenBefore.get(socket);
    const isAnswered = (): boolean => isTaken(socket) || isTouched(socket, written);
    whenUnanswered(socket, isAnswered, this.#patienceFor(request), () => this.#answer(upgrade));
  });
  readonly #stopFiltering: () => void;
  /** The bytes written to a socket before another listener received its upgrade. */
  readonly #writtenBefore = new WeakMap<Duplex, number | undefined>();

  constructor(
    private readonly server: EventEmitter,
    private readonly containers: readonly ServerContainer[],
  ) {
    server.on('upgrade', this.#onUpgrade);
    this.#stopFiltering = filterUpgrades(server, (request, isWanted) => this.#isUpgrade(request, isWanted));
  }

  /** Whether an endpoint of a container or a route answers. If not, the request and socket stay untouched. */
  takes([request, socket, head]: UpgradeArguments): boolean {
    if (namesWebSocket(request)) {
      const upgradeRequest = fromIncomingMessage(request);
      const reply = new Http1Reply(socket, head, request);
      if (this.containers.some((container) => container.handleUpgrade(upgradeRequest, reply))) return true;
      const router = this.containers.find((container) => container.routesUpgrade(upgradeRequest.target));
      if (router !== undefined) {
        void this.#route([request, socket, head], reply.turn(upgradeRequest), router);
        return true;
      }
    }
    if (!this.#writtenBefore.has(socket)) this.#writtenBefore.set(socket, writtenTo(socket));
    return false;
  }

  detach(): void {
    this.server.off('upgrade', this.#onUpgrade);
    this.#stopFiltering();
  }

  /**
   * A server may ignore an Upgrade header (RFC 9110 7.8). Java's client and curl send `h2c` with plain requests, for
   * example. If there are other listeners for upgrades, such a request may be for them.
   */
  #isUpgrade(request: IncomingMessage, isWanted: boolean): boolean {
    if (isWanted) return namesWebSocket(request) || this.#isShared();
    if (namesWebSocket(request)) for (const container of this.containers) container.upgradeWithheld(request.url ?? '/');
    return false;
  }

  #isShared(): boolean {
    return this.server.listeners('upgrade').some((listener) => !isOwnListener(listener));
  }

  #patienceFor(request: IncomingMessage): number {
    const handshake = Math.max(0, ...this.containers.map(({ handshakeTimeoutMs }) => handshakeTimeoutMs));
    return namesWebSocket(request) ? handshake : Math.min(handshake, OTHER_PROTOCOL_MS);
  }

  /** Answers an upgrade that nothing takes. */
  #answer([request, socket, head]: UpgradeArguments): void {
    if (!claim(socket)) return;
    tolerateErrors(socket);
    const reply = new Http1Reply(socket, head, request);
    const upgradeRequest = fromIncomingMessage(request);
    if (namesWebSocket(request)) {
      refuseUnmatched(this.containers, request.url ?? '/', reply);
    } else if (hasBody(upgradeRequest)) {
      // Node has removed its parser from the socket, so the body can no longer be read.
      reply.refuse(400, { body: 'Send a request with a body without an Upgrade header.\n' });
    } else {
      const turn = reply.turn(upgradeRequest);
      if (turn === undefined) this.#serveWithoutUpgrade([request, socket, head]);
      else void turn.then(() => this.#serveWithoutUpgrade([request, socket, head]));
    }
  }

  /** Serves a plain request. */
  #serveWithoutUpgrade([request, socket, head]: UpgradeArguments): void {
    if (!socket.writable) return;
    const response = responseFor(request, socket, head);
    // Nothing upgrades it any more.
    socket.resume();
    this.server.emit('request', request, response);
  }

  /** Passes a WebSocket upgrade to the routes of the server's request listeners. */
  async #route(
    [request, socket, head]: UpgradeArguments,
    turn: Promise<void> | undefined,
    container: ServerContainer,
  ): Promise<void> {
    tolerateErrors(socket);
    if (turn !== undefined) await turn;
    if (!socket.writable) return;
    const response = responseFor(request, socket, head);
    answerInsteadOfRoute(socket, response, request.url ?? '/', container, (...answer) => reject(socket, ...answer));
    this.server.emit('request', request, response);
  }
}

function writtenTo({ bytesWritten }: Duplex & { readonly bytesWritten?: number }): number | undefined {
  return bytesWritten;
}

/** Whether another listener has written to the socket, ended it, or reads from it. */
function isTouched(socket: Duplex, written: number | undefined): boolean {
  return writtenTo(socket) !== written || !socket.writable || socket.readableFlowing !== null;
}

function namesWebSocket({ headers }: IncomingMessage): boolean {
  return hasToken(headers.upgrade, 'websocket');
}
