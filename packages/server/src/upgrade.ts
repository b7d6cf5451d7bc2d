import { inspect } from 'node:util';
import type { Extension, Principal } from '@serval/api';
import type { Transport } from '@serval/api/spi';
import { openSession, SessionCodecs, toError, type SessionProperties, type WsSession } from '@serval/container';
import { parseExtensions, parseSubprotocols, tolerateNoErrors } from '@serval/protocol';
import { duringHandshake } from './default-configurator';
import type { DeployedEndpoint } from './deployment';
import { ConnectionEndpointConfig } from './endpoint-config';
import { WsHandshakeRequest } from './handshake-request';
import { clientOf, PendingHandshake } from './pending-handshake';
import { hostOf, requestUri, type RoutedRequest, type RoutedUpgrade, type UpgradeContext } from './routed-request';
import { accept, additionalHeaders, handshakeResponse } from './upgrade-answer';
import { foreignHost, foreignOrigin, refuseUpgrade, reportLate } from './upgrade-refusal';
import { badRequest } from './upgrade-reply';

// Only this file calls configurators, `authenticate` and instance factories.

/**
 * Answers one upgrade request: accepts it and opens a session, or refuses it. Settles once it has answered or the client
 * has left, even if user code is still running. Never rejects.
 */
export async function upgrade(context: UpgradeContext, routed: RoutedUpgrade): Promise<void> {
  const pending = new PendingHandshake(context, clientOf(routed.reply.stream), (thrown) =>
    refuseUpgrade(context, routed, thrown),
  );
  await pending.orGivenUp(decide(context, routed, pending));
}

/**
 * The steps, in the order in which they can refuse, with the numbers of docs/internals/walk-of-an-upgrade.md. Differs from
 * Tomcat: it creates the endpoint instance before the answer, so that a failure is a 500 and not a connection that opens
 * and drops.
 */
async function decide(context: UpgradeContext, routed: RoutedUpgrade, pending: PendingHandshake): Promise<void> {
  const { reply } = routed;
  try {
    const turn = reply.turn(routed.request);
    if (turn !== undefined) {
      await turn;
      if (pending.isOver) return;
    }
    // 4. Is the container paused, or stopping?
    checkAvailable(context);
    // 5. The request: method, version of HTTP, headers.
    reply.check(routed.request, context.engine);
    // 6. The host that the client requested.
    const request = handshakeRequest(context, routed);
    // 7. Who is it?
    request.userPrincipal = requirePrincipal(await context.authenticate?.(request));
    if (pending.isOver) return;

    // 8. The configuration of this session.
    const { endpoint } = routed;
    const config = new ConnectionEndpointConfig(endpoint.config);
    const configurator = config.getConfigurator();
    const ask = <T>(call: () => T): T => duringHandshake(request, context.policy, call);

    // 9. The origin.
    const origin = originOf(request);
    if (!(await ask(() => configurator.checkOrigin(origin, request)))) throw foreignOrigin(context, routed, origin);
    // 10. The subprotocol.
    const subprotocol = await negotiateSubprotocol(request, config, ask);
    // 11. The extensions.
    const extensions = await negotiateExtensions(context, request, config, ask);

    // 12. The headers of the answer.
    const response = handshakeResponse(reply.ownHeaders(routed.request), subprotocol, extensions);
    await ask(() => configurator.modifyHandshake(config, request, response));
    const headers = additionalHeaders(context, routed, response);
    if (pending.isOver) return;

    // 13 to 15. The endpoint instance, the user properties, the codecs.
    const prepared = await prepareSession(context, endpoint, config, request, pending);
    if (prepared === undefined) return;
    // 16. The answer.
    let transport: Transport | undefined;
    try {
      transport = accept(context, routed, { subprotocol, extensions, headers });
    } finally {
      // Without a session nothing else destroys them. An exception continues.
      if (transport === undefined) void prepared.codecs.destroy();
    }
    if (transport === undefined) {
      pending.giveUp();
      return;
    }
    pending.take();
    // From now on the transport listens for errors.
    tolerateNoErrors(reply.stream);
    // 18. The session.
    openRouted(context, routed, prepared, { transport, subprotocol, userPrincipal: request.userPrincipal });
  } catch (thrown) {
    if (pending.isOver) reportLate(context, routed, thrown);
    else pending.refuse(thrown);
  }
}

/** The objects that user code created for a session that is about to open. */
export interface PreparedSession {
  readonly instance: object;
  readonly config: ConnectionEndpointConfig;
  readonly userProperties: SessionProperties | undefined;
  readonly codecs: SessionCodecs;
}

/** Creates the endpoint instance and the codecs. @returns undefined if the client left or was answered in the meantime */
export async function prepareSession(
  context: UpgradeContext,
  endpoint: DeployedEndpoint,
  config: ConnectionEndpointConfig,
  request: WsHandshakeRequest,
  pending: PendingHandshake,
): Promise<PreparedSession | undefined> {
  // 13. The endpoint instance.
  const instance = await duringHandshake(request, context.policy, () =>
    config.getConfigurator().getEndpointInstance(endpoint.plan.endpointClass, request),
  );
  if (typeof instance !== 'object' || instance === null) throw noInstance(endpoint, instance);
  if (pending.isOver) return undefined;
  // 14. Tomcat's settings among the user properties.
  const userProperties = config.hasUserProperties
    ? context.container.sessionProperties(config.getUserProperties())
    : undefined;
  // 15. The codecs.
  const codecs = await SessionCodecs.create(endpoint.plan.codecs, config);
  if (!pending.isOver) return { instance, config, userProperties, codecs };
  await codecs.destroy();
  return undefined;
}

/** An accepted transport, and the results of the handshake. */
export interface AcceptedTransport {
  readonly transport: Transport;
  readonly subprotocol: string;
  readonly userPrincipal: Principal | null;
}

/** Opens a session on an accepted transport. */
export function openRouted(
  context: UpgradeContext,
  routed: RoutedRequest,
  { instance, config, userProperties, codecs }: PreparedSession,
  { transport, subprotocol, userPrincipal }: AcceptedTransport,
): WsSession {
  context.accepted();
  // Does not await `opened`: the handshake is answered, and @OnOpen may take its time.
  const { session } = openSession({
    context: context.container,
    plan: routed.endpoint.plan,
    endpoint: instance,
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
  });
  return session;
}

export function checkAvailable(context: UpgradeContext): void {
  const rejection = context.unavailable();
  if (rejection !== undefined) throw rejection;
}

export function handshakeRequest(context: UpgradeContext, routed: RoutedRequest): WsHandshakeRequest {
  const { headers, forwardedHost } = routed.request;
  const hosts = headers.get('Host') ?? [];
  // RFC 9112 3.2: two Host headers are invalid, and a component that reads the other one would check another origin.
  if (hosts.length !== 1 || !isHost(hosts[0])) throw badRequest('The request must have one Host header, with a host.');
  if (forwardedHost !== undefined && !isHost(forwardedHost))
    throw badRequest('The X-Forwarded-Host header must end with a host.');
  if (context.isAllowedHost?.(hostOf(routed.request)) === false) throw foreignHost(context, routed);
  return new WsHandshakeRequest(routed.request, {
    uri: requestUri(routed),
    query: routed.target.query,
    pathParameters: routed.pathParameters,
    isUserInRole: context.isUserInRole,
  });
}

function isHost(host = ''): boolean {
  return /^[^\s/?#@\\]+$/.test(host) && URL.canParse(`ws://${host}/`);
}

/** RFC 6454 7.3: at most one. If there were two, another component might have checked the other one. */
function originOf({ http }: WsHandshakeRequest): string | null {
  const [origin = null, second] = http.headers.get('Origin') ?? [];
  if (second !== undefined) throw badRequest('The request may have only one Origin header.');
  return origin;
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

function noInstance(endpoint: DeployedEndpoint, found: unknown): Error {
  return new Error(`getEndpointInstance for ${endpoint.plan.name} returned ${describe(found)}; expected an object.`);
}

/** A `false` for "not logged in" must not count as a user. */
function requirePrincipal(found: unknown): Principal | null {
  if (found === null || found === undefined) return null;
  // Trusts the declared type; it does not check for getName().
  if (typeof found === 'object' || typeof found === 'function') return found as Principal;
  throw new Error(
    `authenticate returned ${describe(found)}; ` +
      'expected an object with getName(), or null for no user. Throw a HandshakeRejection to refuse.',
  );
}

/** Describes a value that is not an object. */
function describe(found: unknown): string {
  return typeof found === 'string' ? JSON.stringify(found) : inspect(found);
}
