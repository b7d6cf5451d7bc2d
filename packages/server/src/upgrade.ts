import { inspect } from 'node:util';
import {
  HandshakeRejection,
  type Extension,
  type HandshakeRequest,
  type HandshakeResponse,
  type Principal,
} from '@serval/api';
import { Deadline, type Transport } from '@serval/api/spi';
import {
  openSession,
  SessionCodecs,
  toError,
  type ContainerContext,
  type SessionProperties,
  type WsSession,
} from '@serval/container';
import {
  HeaderMap,
  parseExtensions,
  parseSubprotocols,
  tolerateNoErrors,
  type AcceptedConnection,
  type Engine,
  type HeaderLine,
} from '@serval/protocol';
import { duringHandshake, type HandshakePolicy } from './default-configurator';
import type { DeployedEndpoint } from './deployed-endpoint';
import { ConnectionEndpointConfig } from './endpoint-config';
import { WsHandshakeRequest } from './handshake-request';
import type { IsAllowedHost } from './host-policy';
import { clientOf, PendingHandshake, type PendingHandshakes } from './pending-handshake';
import { isRejection, isValidHeader, readRejection, type Rejection, type WireClose } from './rejection';
import type { RequestTarget } from './request-target';
import { badRequest, type UpgradeConnection } from './upgrade-connection';
import type { UpgradeRequest } from './upgrade-request';

/** Recognises the user of a handshake request: a Principal, or `null` for nobody; throw a HandshakeRejection to refuse. */
export type Authenticate = (request: HandshakeRequest) => Principal | null | Promise<Principal | null>;

/** What an upgrade needs of its container. */
export interface UpgradeContext extends PendingHandshakes {
  readonly context: ContainerContext;
  readonly engine: Engine;
  readonly policy: HandshakePolicy;
  /** Undefined where every host is allowed. */
  readonly isAllowedHost: IsAllowedHost | undefined;
  readonly authenticate: Authenticate | undefined;
  readonly isUserInRole: (principal: Principal, role: string) => boolean;
  /** A handshake was accepted. */
  readonly accepted: () => void;
  /** Whether the container has been stopped, for good. */
  readonly isStopped: () => boolean;
  /** How new sessions are refused for now, or undefined. */
  readonly unavailable: () => HandshakeRejection | undefined;
}

/** A request that has led to an endpoint. */
export interface RoutedRequest {
  readonly request: UpgradeRequest;
  readonly target: RequestTarget;
  readonly pathParameters: ReadonlyMap<string, string>;
  readonly endpoint: DeployedEndpoint;
}

/** An upgrade request whose path has led to an endpoint. */
export interface RoutedUpgrade extends RoutedRequest {
  readonly connection: UpgradeConnection;
}

// The only file that calls configurators, `authenticate` and instance factories.

/**
 * Answers one upgrade request, with a yes and a session or with a refusal. Settles when the answer is given, or the client
 * has left, though user code may still be running; never rejects.
 */
export async function upgrade(container: UpgradeContext, routed: RoutedUpgrade): Promise<void> {
  const pending = new PendingHandshake(container, clientOf(routed.connection.stream), (thrown) =>
    refuseUpgrade(container, routed, thrown),
  );
  await pending.orGivenUp(decide(container, routed, pending));
}

/**
 * The steps, in the order in which they can refuse. Differs from Tomcat: the endpoint instance is made before the answer,
 * so that its failure is a 500 and not a connection that opens and drops.
 */
async function decide(container: UpgradeContext, routed: RoutedUpgrade, pending: PendingHandshake): Promise<void> {
  const { connection } = routed;
  try {
    const turn = connection.turn(routed.request);
    if (turn !== undefined) {
      await turn;
      if (pending.isOver) return;
    }
    checkAvailable(container);
    connection.check(routed.request, container.engine);
    const request = handshakeRequest(container, routed);
    request.userPrincipal = requirePrincipal(await container.authenticate?.(request));
    if (pending.isOver) return;

    const { endpoint } = routed;
    const config = new ConnectionEndpointConfig(endpoint.config);
    const configurator = config.getConfigurator();
    const ask = <T>(call: () => T): T => duringHandshake(request, container.policy, call);

    const origin = originOf(request);
    if (!(await ask(() => configurator.checkOrigin(origin, request)))) throw foreignOrigin(container, routed, origin);
    const subprotocol = await negotiateSubprotocol(request, config, ask);
    const extensions = await negotiateExtensions(container, request, config, ask);

    const response = handshakeResponse(connection.ownHeaders(routed.request), subprotocol, extensions);
    await ask(() => configurator.modifyHandshake(config, request, response));
    const headers = additionalHeaders(container, routed, response);
    if (pending.isOver) return;

    const prepared = await prepareSession(container, endpoint, config, request, pending);
    if (prepared === undefined) return;
    let transport: Transport | undefined;
    try {
      transport = accept(container, routed, { subprotocol, extensions, headers });
    } finally {
      // No session follows, so that nobody else would destroy them. What is thrown goes on.
      if (transport === undefined) void prepared.codecs.destroy();
    }
    if (transport === undefined) {
      pending.giveUp();
      return;
    }
    pending.take();
    // The transport listens for them from now on.
    tolerateNoErrors(connection.stream);
    openRouted(container, routed, prepared, { transport, subprotocol, userPrincipal: request.userPrincipal });
  } catch (thrown) {
    if (pending.isOver) reportLate(container, routed, thrown);
    else pending.refuse(thrown);
  }
}

/** What user code has made for a session that is about to be opened. */
export interface PreparedSession {
  readonly instance: object;
  readonly config: ConnectionEndpointConfig;
  readonly userProperties: SessionProperties | undefined;
  readonly codecs: SessionCodecs;
}

/** Makes the endpoint instance and the codecs. @returns undefined when the client has gone or been answered meanwhile */
export async function prepareSession(
  container: UpgradeContext,
  endpoint: DeployedEndpoint,
  config: ConnectionEndpointConfig,
  request: WsHandshakeRequest,
  pending: PendingHandshake,
): Promise<PreparedSession | undefined> {
  const instance = await duringHandshake(request, container.policy, () =>
    config.getConfigurator().getEndpointInstance(endpoint.plan.endpointClass, request),
  );
  if (typeof instance !== 'object' || instance === null) throw noInstance(endpoint, instance);
  if (pending.isOver) return undefined;
  const userProperties = config.hasUserProperties
    ? container.context.sessionProperties(config.getUserProperties())
    : undefined;
  const codecs = await SessionCodecs.create(endpoint.plan.codecs, config);
  if (!pending.isOver) return { instance, config, userProperties, codecs };
  await codecs.destroy();
  return undefined;
}

/** A connection that was accepted, and what was agreed on. */
export interface OpenedConnection {
  readonly transport: Transport;
  readonly subprotocol: string;
  readonly userPrincipal: Principal | null;
}

/** Opens a session on a connection that was accepted. */
export function openRouted(
  container: UpgradeContext,
  routed: RoutedRequest,
  { instance, config, userProperties, codecs }: PreparedSession,
  { transport, subprotocol, userPrincipal }: OpenedConnection,
): WsSession {
  container.accepted();
  // `opened` is not awaited: the handshake is answered, and @OnOpen may take its time.
  const { session } = openSession({
    context: container.context,
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

export function checkAvailable(container: UpgradeContext): void {
  const rejection = container.unavailable();
  if (rejection !== undefined) throw rejection;
}

export function handshakeRequest(container: UpgradeContext, routed: RoutedRequest): WsHandshakeRequest {
  const { headers, forwardedHost } = routed.request;
  const hosts = headers.get('Host') ?? [];
  // RFC 9112 3.2: two Host headers are no valid request, and whoever reads the other one would judge another origin.
  if (hosts.length !== 1 || !isHost(hosts[0])) throw badRequest('The Host header must be there once, with a host.');
  if (forwardedHost !== undefined && !isHost(forwardedHost))
    throw badRequest('The X-Forwarded-Host header must end with a host.');
  if (container.isAllowedHost?.(hostOf(routed.request)) === false) throw foreignHost(container, routed);
  return new WsHandshakeRequest(routed.request, {
    uri: requestUri(routed),
    query: routed.target.query,
    pathParameters: routed.pathParameters,
    isUserInRole: container.isUserInRole,
  });
}

function isHost(host = ''): boolean {
  return /^[^\s/?#@\\]+$/.test(host) && URL.canParse(`ws://${host}/`);
}

/** The host, and a port if it is not the default one, that the client asked for. */
function hostOf({ headers, forwardedHost }: UpgradeRequest): string {
  return forwardedHost ?? headers.get('Host')?.[0] ?? '';
}

function requestUri({ request, target }: RoutedRequest): string {
  const query = target.query === null ? '' : `?${target.query}`;
  const uri = `${request.isSecure ? 'wss' : 'ws'}://${hostOf(request)}${target.path}${query}`;
  // One flat string: a session keeps it, and V8 would keep all of its pieces.
  return Buffer.from(uri, 'latin1').toString('latin1');
}

/** RFC 6454 7.3: no more than one. Of two, somebody else may have judged the other one. */
function originOf({ request }: WsHandshakeRequest): string | null {
  const [origin = null, second] = request.headers.get('Origin') ?? [];
  if (second !== undefined) throw badRequest('The Origin header may be there only once.');
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
  // RFC 6455 4.1: a client must fail a connection whose subprotocol it has not asked for.
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
  // The endpoint's own come first, as in Tomcat.
  const installed = [...declared, ...engine.installedExtensions];
  const chosen = await ask(() => config.getConfigurator().getNegotiatedExtensions(installed, requested));
  // One that no engine serves must not be promised to the client, nor one that it has not offered (RFC 6455 9.1).
  const offered = new Set(requested.map((extension) => extension.getName()));
  return chosen.filter((extension) => known.has(extension.getName()) && offered.has(extension.getName()));
}

function parseHeader<T>(request: WsHandshakeRequest, name: string, parse: (header: string) => T[]): T[] {
  const header = request.request.headers.list(name);
  if (header === undefined) return [];
  try {
    return parse(header);
  } catch (error) {
    throw badRequest(`The ${name} header is malformed: ${toError(error).message}.`);
  }
}

// What the handshake itself writes; a Configurator sees these headers but does not decide them.
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'upgrade',
  'connection',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
]);

// RFC 9110 8.6 and 9112 6.1: no 101 and no answer to a CONNECT has them. The others belong to a connection that goes on as HTTP.
const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'trailer',
  'te',
  'keep-alive',
  'proxy-connection',
]);

function handshakeResponse(
  ownHeaders: readonly HeaderLine[],
  subprotocol: string,
  extensions: readonly Extension[],
): HandshakeResponse {
  const headers = new HeaderMap();
  for (const [name, value] of ownHeaders) headers.add(name, value);
  if (subprotocol !== '') headers.add('Sec-WebSocket-Protocol', subprotocol);
  if (extensions.length > 0) headers.add('Sec-WebSocket-Extensions', extensions.map((one) => one.getName()).join(', '));
  return { getHeaders: () => headers };
}

type Negotiated = Pick<AcceptedConnection, 'subprotocol' | 'extensions' | 'headers'>;

/** Answers with yes. @returns undefined when the client has gone */
function accept(
  { engine, context }: UpgradeContext,
  { request, connection, endpoint }: RoutedUpgrade,
  negotiated: Negotiated,
): Transport | undefined {
  const { settings } = context;
  const { text, binary } = endpoint.plan;
  return connection.accept(request, engine, {
    ...negotiated,
    isSecure: request.isSecure,
    remoteAddress: request.remoteAddress,
    maxMessageBytes: Math.max(
      settings.textBufferSize,
      settings.binaryBufferSize,
      text?.maxMessageSize ?? 0,
      binary?.maxMessageSize ?? 0,
    ),
    closeTimeoutMs: settings.sessionCloseTimeout,
    maxFrameBytes: settings.maxFrameSize,
    deliveredWhole: () => context.diagnostics.report({ kind: 'delivered-whole', endpoint: endpoint.plan.name }),
  });
}

function additionalHeaders(
  { context }: UpgradeContext,
  { target: { path } }: RoutedRequest,
  response: HandshakeResponse,
): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (const [name, values] of response.getHeaders()) {
    if (OWN_HEADERS.has(name.toLowerCase())) continue;
    if (FRAMING_HEADERS.has(name.toLowerCase())) {
      const message = `modifyHandshake set ${JSON.stringify(name)}, which was left out: an answer that opens a WebSocket has no body.`;
      context.diagnostics.report({ kind: 'handshake-warning', path, message });
      continue;
    }
    // Read once: what is checked is what is sent.
    const sent: unknown[] = Array.isArray(values) ? [...(values as unknown[])] : [undefined];
    for (const value of sent) {
      if (!isValidHeader(name, value))
        throw new Error(`modifyHandshake set a header that HTTP does not allow: ${JSON.stringify(name)}.`);
      lines.push([name, value]);
    }
  }
  return lines;
}

/** What user code threw after the client had gone or been answered: there is no answer to give, but no error is lost. */
export function reportLate({ context }: UpgradeContext, { target }: RoutedRequest, thrown: unknown): void {
  if (isRejection(thrown)) return;
  context.diagnostics.report({ kind: 'handshake-failed', path: target.path, error: toError(thrown) });
}

/** Tells the operator how a handshake ended. @returns the refusal, or undefined for what is none */
export function reportRefusal(
  { context: { diagnostics } }: UpgradeContext,
  { target: { path } }: RoutedRequest,
  thrown: unknown,
): Rejection | undefined {
  const read = isRejection(thrown) ? readRejection(thrown) : { error: toError(thrown) };
  if ('error' in read) {
    diagnostics.report({ kind: 'handshake-failed', path, error: read.error });
    return undefined;
  }
  diagnostics.report({ kind: 'handshake-refused', path, status: read.status, reason: read.reason });
  for (const message of read.leftOut) diagnostics.report({ kind: 'handshake-warning', path, message });
  return read;
}

/** Never throws, whatever user code threw. */
function refuseUpgrade(container: UpgradeContext, routed: RoutedUpgrade, thrown: unknown): void {
  const { diagnostics } = container.context;
  const { connection } = routed;
  const { path } = routed.target;
  const rejection = reportRefusal(container, routed, thrown);
  if (rejection === undefined) {
    connection.refuse(500);
    return;
  }
  if (rejection.close === undefined) {
    connection.refuse(rejection.status, rejection.response);
    return;
  }
  try {
    acceptAndClose(container, routed, rejection.close);
  } catch (error) {
    diagnostics.report({ kind: 'handshake-failed', path, error: toError(error) });
    connection.stream.destroy();
  }
}

/** A browser's page learns nothing of a refused handshake; of a close frame it learns code and reason. */
function acceptAndClose(container: UpgradeContext, routed: RoutedUpgrade, { code, phrase }: WireClose): void {
  const transport = accept(container, routed, {
    subprotocol: offeredSubprotocol(routed),
    extensions: [],
    headers: [],
  });
  if (transport === undefined) return;
  const lost = new Deadline(container.context.settings.sessionCloseTimeout, () => transport.terminate());
  transport.open({
    textRule: { inParts: false, maxBytes: 0 },
    binaryRule: { inParts: false, maxBytes: 0 },
    onText: () => undefined,
    onBinary: () => undefined,
    onPong: () => undefined,
    onPing: () => undefined,
    onError: () => undefined,
    onClose: () => lost.clear(),
  });
  transport.close(code, phrase);
}

/** A browser that has offered subprotocols fails a handshake that chooses none, and its page would see 1006 after all. */
function offeredSubprotocol({ request, endpoint }: RoutedUpgrade): string {
  let offered: readonly string[] = [];
  try {
    offered = parseSubprotocols(request.headers.list('Sec-WebSocket-Protocol') ?? '');
  } catch {
    // None is offered, or the header is malformed: the connection is to be closed in either case.
  }
  return offered.find((name) => endpoint.config.getSubprotocols().includes(name)) ?? offered[0] ?? '';
}

function foreignOrigin(
  { context }: UpgradeContext,
  { request, target }: RoutedRequest,
  origin: string | null,
): HandshakeRejection {
  context.diagnostics.report({ kind: 'origin-refused', path: target.path, origin, host: hostOf(request) });
  return new HandshakeRejection(403, {
    body: `The origin ${origin ?? '(none)'} may not open this WebSocket; the server can allow it with allowedOrigins.\n`,
  });
}

/** The log names the host, which the peer chose; the answer does not repeat the list. */
function foreignHost({ context }: UpgradeContext, { request, target }: RoutedRequest): HandshakeRejection {
  const host = JSON.stringify(hostOf(request));
  const message = `it asks for the host ${host}, which allowedHosts does not list; add the name there if the server is reached under it.`;
  context.diagnostics.report({ kind: 'handshake-warning', path: target.path, message });
  return new HandshakeRejection(403, {
    body: `The server is not reached under the host ${host}; it can allow the name with allowedHosts.\n`,
  });
}

function noInstance(endpoint: DeployedEndpoint, found: unknown): Error {
  return new Error(`getEndpointInstance for ${endpoint.plan.name} gave ${describe(found)}; expected an object.`);
}

/** A `false` for "not logged in" must not become a user who is. */
function requirePrincipal(found: unknown): Principal | null {
  if (found === null || found === undefined) return null;
  // As it is declared: whether it has a getName is found out by whoever calls it.
  if (typeof found === 'object' || typeof found === 'function') return found as Principal;
  throw new Error(
    `authenticate gave ${describe(found)}; ` +
      'expected an object with getName(), or null for nobody. Throw a HandshakeRejection to refuse.',
  );
}

/** A value that is no object. */
function describe(found: unknown): string {
  return typeof found === 'string' ? JSON.stringify(found) : inspect(found);
}
