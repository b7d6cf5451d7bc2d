import type { Principal, Session } from '@serval/api';
import { ANY, kind, type OptionTable } from '@serval/api/spi';
import type { AdoptedWebSocket } from '@serval/protocol';
import type { ConnectionSeat } from './connection-limits';
import { ConnectionEndpointConfig } from './endpoint-config';
import { PendingHandshake } from './pending-handshake';
import { prepareSession } from './prepared-session';
import { checkAvailable, checkConnections, handshakeRequest } from './request-checks';
import type { RoutedRequest, UpgradeContext } from './routed-request';
import type { UserStay } from './session-users';
import { admitUser, openRouted } from './upgrade';
import { closeFor, reportLate, reportRefusal } from './upgrade-refusal';

/** The options of `adoptWebSocket`; everything has a default. */
export interface AdoptOptions {
  /** The values for `@PathParam` and `getPathParameters`. Default: none. */
  readonly pathParameters?: ReadonlyMap<string, string> | Readonly<Record<string, string>> | undefined;
  /** The user, as the owner of the socket authenticated it. Default: no user is known. */
  readonly userPrincipal?: Principal | null | undefined;
}

export const ADOPT_OPTIONS = {
  // asMap reads them.
  pathParameters: { ...ANY, default: {} },
  userPrincipal: {
    ...kind(
      'a user with a method getName, or null',
      (value): value is Principal | null => value === null || isPrincipal(value),
    ),
    default: null,
  },
} satisfies OptionTable<AdoptOptions>;

function isPrincipal(value: unknown): value is Principal {
  return typeof value === 'object' && value !== null && 'getName' in value && typeof value.getName === 'function';
}

/** A socket that the application accepted, and its request. */
export interface Adoption extends RoutedRequest {
  readonly socket: AdoptedWebSocket;
  readonly userPrincipal: Principal | null;
}

/**
 * Opens a session on a socket that is already open: the steps of an upgrade without those that answer a request. Settles
 * at the latest when the handshake timeout ends or the client leaves. Never rejects.
 *
 * @returns undefined when it closed the socket instead, or the client left
 */
export async function adopt(context: UpgradeContext, adoption: Adoption): Promise<Session | undefined> {
  const { socket } = adoption;
  const pending = new PendingHandshake<ConnectionSeat>(
    context,
    { events: socket.events, isGone: () => !socket.isOpen },
    (thrown) => refuseAdoption(context, adoption, thrown),
  );
  return pending.orGivenUp(open(context, adoption, pending));
}

async function open(
  context: UpgradeContext,
  adoption: Adoption,
  pending: PendingHandshake<ConnectionSeat>,
): Promise<Session | undefined> {
  const { socket, endpoint, userPrincipal } = adoption;
  let stay: UserStay | undefined;
  let session: Session | undefined;
  try {
    checkAvailable(context);
    checkConnections(context, adoption, pending);
    const request = handshakeRequest(context, adoption);
    context.security.requireTransport(adoption);
    request.userPrincipal = userPrincipal;
    context.security.requireRoles(adoption, request);
    admitUser(context, pending, userPrincipal);
    stay = userPrincipal === null ? undefined : context.users.admit(userPrincipal, request);
    const config = new ConnectionEndpointConfig(endpoint.config);
    const prepared = await prepareSession({ context, config, request }, adoption, pending);
    if (prepared === undefined) return undefined;
    pending.take();
    const { transport, subprotocol } = socket;
    session = openRouted(context, adoption, prepared, { transport, subprotocol, userPrincipal, stay, pending });
    return session;
  } catch (thrown) {
    if (pending.isOver) reportLate(context, adoption, thrown);
    else pending.refuse(thrown);
    pending.releasePlace();
    return undefined;
  } finally {
    if (session === undefined) void stay?.end();
  }
}

/** It is too late for a status, so the reason goes into a close frame. */
function refuseAdoption(context: UpgradeContext, adoption: Adoption, thrown: unknown): void {
  const { code, phrase } = closeFor(context, reportRefusal(context, adoption, thrown));
  adoption.socket.transport.close(code, phrase);
}
