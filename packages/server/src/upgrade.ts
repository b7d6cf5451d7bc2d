import type { Principal } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { openSession, type WsSession } from '@serval/container';
import { tolerateNoErrors } from '@serval/protocol';
import type { ConnectionSeat } from './connection-limits';
import { ConnectionEndpointConfig } from './endpoint-config';
import {
  acceptsOrigin,
  authenticated,
  hostAnswered,
  modifyHandshake,
  nameOf,
  negotiateExtensions,
  negotiateSubprotocol,
} from './handshake-calls';
import type { WsHandshakeRequest } from './handshake-request';
import { runHandshake, type Handshake, type HandshakeSteps } from './handshake-run';
import { isTracing, TracedHandshake, traceHandshake } from './handshake-tracing';
import type { PendingHandshake } from './pending-handshake';
import { discard, prepareSession, type PreparedSession } from './prepared-session';
import { checkAvailable, checkConnections, handshakeRequest, originOf } from './request-checks';
import { RatedTransport } from './rated-transport';
import { placeOf, requestUri, type RoutedRequest, type RoutedUpgrade, type UpgradeContext } from './routed-request';
import type { UserStay } from './session-users';
import { accept, acceptedConnection, additionalHeaders, handshakeResponse } from './upgrade-answer';
import { foreignOrigin } from './upgrade-refusal';

// The recipe of an upgrade. All user code is called from handshake-calls.ts.

/**
 * Answers one upgrade request: accepts it and opens a session, or refuses it. Settles once it has answered or the client
 * has left, even if user code is still running. Never rejects.
 */
export function upgrade(context: UpgradeContext, received: RoutedUpgrade): Promise<void> {
  if (!isTracing()) return runHandshake(context, received, OPENING);
  const traced = new TracedHandshake(received);
  return traceHandshake(traced, () => runHandshake(context, { ...received, traced }, OPENING));
}

/** The steps before any user code. @returns undefined if the client left in the meantime */
async function readRequest({ context, routed, pending }: Handshake): Promise<WsHandshakeRequest | undefined> {
  const { reply } = routed;
  const turn = reply.turn(routed.request);
  if (turn !== undefined) {
    await turn;
    if (pending.isOver) return undefined;
  }
  // 4. Is the container paused, or stopping, or full?
  checkAvailable(context);
  checkConnections(context, routed, pending);
  // 5. The request: method, version of HTTP, headers.
  reply.check(routed.request, context.engine);
  if (!reply.hasHead && reply.stream !== undefined) pending.watchEnd(reply.stream);
  // 6. The host that the client requested, and whether it must be wss:.
  const request = handshakeRequest(context, routed);
  context.security.requireTransport(routed);
  reply.mayBegin?.(context.engine, () => acceptedConnection(context, routed, NOTHING_NEGOTIATED));
  return request;
}

const NOTHING_NEGOTIATED = { subprotocol: '', extensions: [], headers: [] };

/**
 * The steps that decide, in the order in which they can refuse, with the numbers of docs/internals/walk-of-an-upgrade.md.
 * Differs from Tomcat: it creates the endpoint instance before the answer, so that a failure is a 500 and not a connection
 * that opens and drops.
 */
async function decide(handshake: Handshake, request: WsHandshakeRequest): Promise<void> {
  const { context, routed, pending } = handshake;
  // 8. Who is it, and may they?
  const user = await authenticated(context, routed, request);
  request.userPrincipal = user;
  context.security.requireRoles(routed, request);
  if (pending.isOver) return;
  admitUser(context, pending, user);
  routed.reply.identified?.(user === null ? undefined : nameOf(user));
  const stay = user === null ? undefined : context.users.admit(user, request);
  let isOpen = false;
  try {
    isOpen = await negotiate(handshake, request, stay);
  } finally {
    if (!isOpen) void stay?.end();
  }
}

/** @throws HandshakeRejection when the user has too many connections, or the error of `getName` */
export function admitUser(
  { limits }: UpgradeContext,
  { place }: PendingHandshake<ConnectionSeat>,
  user: Principal | null,
) {
  // An application without limits needs no names.
  if (user === null || place === undefined) return;
  const name = nameOf(user);
  if (name !== undefined) limits.admitUser(place, name);
}

const OPENING: HandshakeSteps = { read: readRequest, decide };

/** @returns whether a session opened */
async function negotiate(
  { context, routed, pending }: Handshake,
  request: WsHandshakeRequest,
  stay: UserStay | undefined,
): Promise<boolean> {
  const { reply } = routed;
  // 9. The configuration of this session.
  const { endpoint } = routed;
  const config = new ConnectionEndpointConfig(endpoint.config);
  const negotiation = { context, config, request };

  // 10. The origin.
  const origin = originOf(request);
  if (!(await acceptsOrigin(negotiation, origin))) throw foreignOrigin(context, routed, origin);
  // 11. The subprotocol.
  const subprotocol = await negotiateSubprotocol(negotiation);
  // 12. The extensions.
  const extensions = await negotiateExtensions(negotiation);

  // 13. The headers of the answer.
  const response = handshakeResponse(reply.ownHeaders(routed.request), subprotocol, extensions);
  await modifyHandshake(negotiation, response);
  const headers = additionalHeaders(context, routed, response);
  if (pending.isOver) return false;

  // 14 to 16. The endpoint instance, the user properties, the codecs.
  const prepared = await prepareSession(negotiation, routed, pending);
  if (prepared === undefined) return false;
  // 17. The answer.
  let transport: Transport | undefined;
  try {
    if (reply.hostAnswer !== undefined) await hostAnswered(routed);
    if (pending.isOver) return false;
    stay?.requireCurrent();
    transport = accept(context, routed, { subprotocol, extensions, headers });
  } finally {
    // Without a session nothing else destroys them. An exception continues.
    if (transport === undefined) void discard(context, routed, prepared);
  }
  if (transport === undefined) {
    pending.giveUp();
    return false;
  }
  pending.take();
  // From now on the transport listens for errors.
  tolerateNoErrors(routed.client.events);
  const status = reply.acceptingStatus ?? (Number(routed.request.httpVersion) < 2 ? 101 : 200);
  context.container.diagnostics.report({ kind: 'handshake-accepted', ...placeOf(routed), status });
  routed.traced?.accepted(status);
  // 19. The session.
  openRouted(context, routed, prepared, {
    transport,
    subprotocol,
    userPrincipal: request.userPrincipal,
    stay,
    pending,
  });
  return true;
}

/** An accepted transport, and the results of the handshake. */
export interface AcceptedTransport {
  readonly transport: Transport;
  readonly subprotocol: string;
  readonly userPrincipal: Principal | null;
  /** Undefined without a user. */
  readonly stay: UserStay | undefined;
  readonly pending: PendingHandshake<ConnectionSeat>;
}

/** Opens a session on an accepted transport. */
export function openRouted(
  context: UpgradeContext,
  routed: RoutedRequest,
  { instance, lease, config, userProperties, codecs, rateLimits }: PreparedSession,
  { transport, subprotocol, userPrincipal, stay, pending }: AcceptedTransport,
): WsSession {
  context.accepted();
  // Does not await `opened`: the handshake is answered, and @OnOpen may take its time.
  const rated = rateLimits.length === 0 ? undefined : new RatedTransport(transport, rateLimits);
  const parts = {
    context: context.container,
    plan: routed.endpoint.plan,
    endpoint: instance,
    lease: stay?.with(lease) ?? lease,
    endpointConfig: config,
    codecs,
    handshake: {
      requestUri: requestUri(routed),
      queryString: routed.target.query,
      pathParameters: routed.pathParameters,
      subprotocol,
      userPrincipal,
    },
    userProperties,
    transport: rated ?? transport,
  };
  const place = pending.takePlace();
  return openSession(parts, (session) => {
    if (place === undefined) context.limits.countLate(session);
    else session.hold(place);
    rated?.begin(session);
    stay?.begin(session);
  }).session;
}
