import { CloseReason, HandshakeRejection, type Principal, type Session } from '@serval/api';
import { toError, wireClose } from '@serval/container';
import type { AdoptedWebSocket } from '@serval/protocol';
import { ConnectionEndpointConfig } from './endpoint-config';
import {
  checkAvailable,
  handshakeRequest,
  openSession,
  PendingHandshake,
  prepareSession,
  reportLate,
  type RoutedRequest,
  type UpgradeContext,
} from './upgrade';

/** What `adoptWebSocket` can be told; everything has a default. */
export interface AdoptOptions {
  /** The values for `@PathParam` and `getPathParameters`. Default: none. */
  readonly pathParameters?: ReadonlyMap<string, string> | Readonly<Record<string, string>> | undefined;
  /** The user that the owner of the socket has recognised. Default: nobody is known. */
  readonly userPrincipal?: Principal | null | undefined;
}

/** A socket that somebody else has accepted, and the request that it came with. */
export interface Adoption extends RoutedRequest {
  readonly socket: AdoptedWebSocket;
  readonly userPrincipal: Principal | null;
}

/**
 * Opens a session on a socket that is open already: the recipe of an upgrade without the steps that answer a request.
 * Never rejects.
 *
 * @returns undefined when the socket was closed instead, or its client has gone
 */
export async function adopt(container: UpgradeContext, adoption: Adoption): Promise<Session | undefined> {
  const { socket, endpoint, userPrincipal } = adoption;
  const pending = new PendingHandshake(container, { events: socket.events, isGone: () => !socket.isOpen }, (thrown) =>
    refuseAdoption(container, adoption, thrown),
  );
  try {
    checkAvailable(container);
    const request = handshakeRequest(container, adoption);
    request.userPrincipal = userPrincipal;
    const config = new ConnectionEndpointConfig(endpoint.config);
    const prepared = await prepareSession(container, endpoint, config, request, pending);
    if (prepared === undefined) return undefined;
    pending.settle();
    const { transport, subprotocol } = socket;
    return openSession(container, adoption, prepared, { transport, subprotocol, userPrincipal });
  } catch (thrown) {
    if (pending.isOver) reportLate(container, adoption, thrown);
    else pending.refuse(thrown);
    return undefined;
  }
}

/** Nobody waits for a status any more, so the reason goes into a close frame. */
function refuseAdoption(container: UpgradeContext, { socket, target }: Adoption, thrown: unknown): void {
  const { diagnostics } = container.context;
  if (thrown instanceof HandshakeRejection)
    diagnostics.report({ kind: 'handshake-refused', path: target.path, status: thrown.status, reason: thrown.message });
  else diagnostics.report({ kind: 'handshake-failed', path: target.path, error: toError(thrown) });
  const { code, phrase } = wireClose(closeReasonFor(container, thrown));
  socket.transport.close(code, phrase);
}

function closeReasonFor(container: UpgradeContext, thrown: unknown): CloseReason {
  if (!(thrown instanceof HandshakeRejection)) return CloseReason.truncated(1011, 'The session could not be opened.');
  if (thrown.closeReason !== undefined) return thrown.closeReason;
  const phrase = String(thrown.response?.body ?? '').trim();
  if (thrown.status !== 503) return CloseReason.truncated(1008, phrase);
  // Not 1013: Tomcat, Qt, libwebsockets and others report that as a protocol error, and 1001 brings clients back as well.
  return CloseReason.truncated(1001, container.isStopped() ? 'The server is stopping.' : phrase);
}
