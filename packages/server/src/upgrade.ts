import type { IncomingMessage } from 'node:http';
import type { Extension, Principal } from '@serval/api';
import { describeValue, type Transport } from '@serval/api/spi';
import { isThenable, openSession, toError, type WsSession } from '@serval/container';
import { parseExtensions, parseSubprotocols, tolerateNoErrors } from '@serval/protocol';
import { duringHandshake } from './default-configurator';
import { ConnectionEndpointConfig } from './endpoint-config';
import { MiddlewareReply, refusalFor } from './handshake-middleware';
import type { WsHandshakeRequest } from './handshake-request';
import { isTracing, TracedHandshake, traceHandshake } from './handshake-tracing';
import { discard, prepareSession, type PreparedSession } from './prepared-session';
import { checkAvailable, handshakeRequest, originOf } from './request-checks';
import { clientOf, PendingHandshake } from './pending-handshake';
import { placeOf, requestUri, type RoutedRequest, type RoutedUpgrade, type UpgradeContext } from './routed-request';
import type { UserStay } from './session-users';
import { accept, additionalHeaders, handshakeResponse } from './upgrade-answer';
import { foreignOrigin, refuseUpgrade, reportLate } from './upgrade-refusal';
import { badRequest } from './upgrade-reply';

// Only this file and prepared-session.ts call configurators, middleware, `authenticate` and instance factories.

/**
 * Answers one upgrade request: accepts it and opens a session, or refuses it. Settles once it has answered or the client
 * has left, even if user code is still running. Never rejects.
 */
export function upgrade(context: UpgradeContext, received: RoutedUpgrade): Promise<void> {
  if (!isTracing()) return answer(context, received);
  const traced = new TracedHandshake(received);
  return traceHandshake(traced, () => answer(context, { ...received, traced }));
}

async function answer(context: UpgradeContext, received: RoutedUpgrade): Promise<void> {
  const { middleware } = context;
  // Without middleware a handshake costs nothing for it.
  const reply = middleware.length === 0 ? undefined : new MiddlewareReply(received.reply);
  const routed = reply === undefined ? received : { ...received, reply };
  const pending = new PendingHandshake(context, clientOf(routed.reply.stream), (thrown) =>
    refuseUpgrade(context, routed, thrown),
  );
  const handshake = { context, routed, pending };
  await pending.orGivenUp(
    guarded(handshake, async () => {
      const request = await readRequest(handshake);
      if (request === undefined) return;
      if (reply === undefined) await decide(handshake, request);
      else await passMiddleware(handshake, reply, request, () => guarded(handshake, () => decide(handshake, request)));
    }),
  );
}

/** One upgrade request on its way to an answer. */
interface Handshake {
  readonly context: UpgradeContext;
  readonly routed: RoutedUpgrade;
  readonly pending: PendingHandshake;
}

/** Runs steps of a handshake. An exception refuses it, or is reported if the handshake is over. */
async function guarded({ context, routed, pending }: Handshake, steps: () => Promise<void>): Promise<void> {
  try {
    await steps();
  } catch (thrown) {
    if (pending.isOver) reportLate(context, routed, thrown);
    else pending.refuse(thrown);
  }
}

/** The steps before any user code. @returns undefined if the client left in the meantime */
async function readRequest({ context, routed, pending }: Handshake): Promise<WsHandshakeRequest | undefined> {
  const { reply } = routed;
  const turn = reply.turn(routed.request);
  if (turn !== undefined) {
    await turn;
    if (pending.isOver) return undefined;
  }
  // 4. Is the container paused, or stopping?
  checkAvailable(context);
  // 5. The request: method, version of HTTP, headers.
  reply.check(routed.request, context.engine);
  // 6. The host that the client requested, and whether it must be wss:.
  const request = handshakeRequest(context, routed);
  context.security.requireTransport(routed);
  return request;
}

/**
 * 7. The host's middleware. Each one runs in the `next` of the one before, and the rest of the handshake in the last
 * `next`, so that an AsyncLocalStorage store that one of them runs `next` in reaches the session.
 */
function passMiddleware(
  { context, routed, pending }: Handshake,
  reply: MiddlewareReply,
  request: WsHandshakeRequest,
  proceed: () => Promise<void>,
): Promise<void> {
  // Over HTTP/2 it is an Http2ServerRequest, which has the members of an IncomingMessage that middleware uses.
  const native = request.http.native as IncomingMessage;
  return new Promise((resolve, reject) => {
    let isDecided = false;
    const refuse = (thrown: unknown): void => {
      // Such as an error of express-session, which saves its session after the answer.
      if (isDecided) reportLate(context, routed, thrown);
      isDecided = true;
      reject(refusalFor(thrown));
    };
    const answered = (refusal: Error): void => {
      if (!isDecided) refuse(refusal);
    };
    const response = reply.respondTo(native, answered);
    const call = (index: number): void => {
      const middleware = context.middleware[index];
      if (middleware === undefined) {
        isDecided = true;
        resolve(proceed());
        return;
      }
      let isPassed = false;
      const next = (error?: unknown): void => {
        if (error !== undefined && error !== null && error !== false) refuse(error);
        else if (!isPassed && !isDecided && response.headersSent && !response.writableEnded)
          refuse(answeredAndPassed());
        else if (!isPassed && !isDecided && !pending.isOver && !response.headersSent) call(index + 1);
        isPassed = true;
      };
      try {
        const going = middleware(native, response, next);
        if (isThenable(going)) Promise.resolve(going).catch(refuse);
      } catch (thrown) {
        refuse(thrown);
      }
    };
    call(0);
  });
}

function answeredAndPassed(): Error {
  return new Error(
    'A handshake middleware wrote the head of the response and then called next(). End the response instead.',
  );
}

/**
 * The steps that decide, in the order in which they can refuse, with the numbers of docs/internals/walk-of-an-upgrade.md.
 * Differs from Tomcat: it creates the endpoint instance before the answer, so that a failure is a 500 and not a connection
 * that opens and drops.
 */
async function decide(handshake: Handshake, request: WsHandshakeRequest): Promise<void> {
  const { context, routed, pending } = handshake;
  // 8. Who is it, and may they?
  const user = requirePrincipal(await context.authenticate?.(request));
  request.userPrincipal = user;
  context.security.requireRoles(routed, request);
  if (pending.isOver) return;
  const stay = user === null ? undefined : context.users.admit(user, request);
  let isOpen = false;
  try {
    isOpen = await negotiate(handshake, request, stay);
  } finally {
    if (!isOpen) void stay?.end();
  }
}

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
  const configurator = config.getConfigurator();
  const ask = <T>(call: () => T): T => duringHandshake(request, context.policy, call);

  // 10. The origin.
  const origin = originOf(request);
  if (!(await ask(() => configurator.checkOrigin(origin, request)))) throw foreignOrigin(context, routed, origin);
  // 11. The subprotocol.
  const subprotocol = await negotiateSubprotocol(request, config, ask);
  // 12. The extensions.
  const extensions = await negotiateExtensions(context, request, config, ask);

  // 13. The headers of the answer.
  const response = handshakeResponse(reply.ownHeaders(routed.request), subprotocol, extensions);
  await ask(() => configurator.modifyHandshake(config, request, response));
  const headers = additionalHeaders(context, routed, response);
  if (pending.isOver) return false;

  // 14 to 16. The endpoint instance, the user properties, the codecs.
  const prepared = await prepareSession(context, routed, config, request, pending);
  if (prepared === undefined) return false;
  // 17. The answer.
  let transport: Transport | undefined;
  try {
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
  tolerateNoErrors(reply.stream);
  const status = Number(routed.request.httpVersion) < 2 ? 101 : 200;
  context.container.diagnostics.report({ kind: 'handshake-accepted', ...placeOf(routed), status });
  routed.traced?.accepted(status);
  // 19. The session.
  openRouted(context, routed, prepared, { transport, subprotocol, userPrincipal: request.userPrincipal, stay });
  return true;
}

/** An accepted transport, and the results of the handshake. */
export interface AcceptedTransport {
  readonly transport: Transport;
  readonly subprotocol: string;
  readonly userPrincipal: Principal | null;
  /** Undefined without a user. */
  readonly stay: UserStay | undefined;
}

/** Opens a session on an accepted transport. */
export function openRouted(
  context: UpgradeContext,
  routed: RoutedRequest,
  { instance, lease, config, userProperties, codecs }: PreparedSession,
  { transport, subprotocol, userPrincipal, stay }: AcceptedTransport,
): WsSession {
  context.accepted();
  // Does not await `opened`: the handshake is answered, and @OnOpen may take its time.
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
    transport,
  };
  return openSession(parts, stay && ((session) => stay.begin(session))).session;
}

type Ask = <T>(call: () => T) => T;

async function negotiateSubprotocol(
  request: WsHandshakeRequest,
  config: ConnectionEndpointConfig,
  ask: Ask,
): Promise<string> {
  const requested = parseHeader(request, 'Sec-WebSocket-Protocol', parseSubprotocols);
  const supported = config.getSubprotocols();
  const chosen = await ask(() => config.getConfigurator().getNegotiatedSubprotocol(supported, requested));
  if (chosen === '' || chosen === null || chosen === undefined) return '';
  if (requested.includes(chosen)) return chosen;
  // RFC 6455 4.1: a client must fail a connection whose subprotocol it did not request.
  throw new Error(
    `getNegotiatedSubprotocol chose ${JSON.stringify(chosen)}, which the client did not request: ${requested.join(', ')}.`,
  );
}

async function negotiateExtensions(
  { engine }: UpgradeContext,
  request: WsHandshakeRequest,
  config: ConnectionEndpointConfig,
  ask: Ask,
): Promise<readonly Extension[]> {
  const requested = parseHeader(request, 'Sec-WebSocket-Extensions', parseExtensions);
  const known = new Set(engine.installedExtensions.map((extension) => extension.getName()));
  const declared = config.getExtensions().filter((extension) => !known.has(extension.getName()));
  // The endpoint's own extensions come first, as in Tomcat.
  const installed = [...declared, ...engine.installedExtensions];
  const chosen = await ask(() => config.getConfigurator().getNegotiatedExtensions(installed, requested));
  // The response must not contain an extension that the engine lacks or the client did not offer (RFC 6455 9.1).
  const offered = new Set(requested.map((extension) => extension.getName()));
  return chosen.filter((extension) => known.has(extension.getName()) && offered.has(extension.getName()));
}

function parseHeader<T>(request: WsHandshakeRequest, name: string, parse: (header: string) => T[]): T[] {
  const header = request.http.headers.list(name);
  if (header === undefined) return [];
  try {
    return parse(header);
  } catch (error) {
    throw badRequest(`The ${name} header is malformed: ${toError(error).message}.`);
  }
}

/** A `false` for "not logged in" must not count as a user. */
function requirePrincipal(found: unknown): Principal | null {
  if (found === null || found === undefined) return null;
  // Trusts the declared type; it does not check for getName().
  if (typeof found === 'object' || typeof found === 'function') return found as Principal;
  throw new Error(
    `authenticate returned ${describeValue(found)}; ` +
      'expected an object with getName(), or null for no user. Throw a HandshakeRejection to refuse.',
  );
}
