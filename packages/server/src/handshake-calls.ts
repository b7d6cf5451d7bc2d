import type { IncomingMessage } from 'node:http';
import type { Extension, HandshakeResponse, Principal, ServerEndpointConfig } from '@serval/api';
import { describeValue } from '@serval/api/spi';
import { isThenable, SessionCodecs, toError } from '@serval/container';
import { parseExtensions, parseSubprotocols } from '@serval/protocol';
import { duringHandshake, type HandshakePolicy } from './default-configurator';
import type { ConnectionEndpointConfig } from './endpoint-config';
import { refusalFor } from './handshake-middleware';
import type { WsHandshakeRequest } from './handshake-request';
import type { InstanceLease } from './instance-factory';
import type { PendingHandshake } from './pending-handshake';
import type { ResponseReply } from './response-reply';
import type { RoutedRequest, RoutedUpgrade, UpgradeContext } from './routed-request';
import { reportLate } from './upgrade-refusal';
import { nameRefusal, namingRefusal } from './refusal-rule';
import { badRequest } from './upgrade-reply';

// Only this file calls user code before there is a session: middleware, `authenticate`, configurators, constructors and
// instance factories, codecs. The numbers are those of docs/internals/walk-of-an-upgrade.md.

/** A handshake that middleware may answer. */
interface AnsweredHandshake {
  readonly context: UpgradeContext;
  readonly routed: RoutedUpgrade;
  readonly pending: PendingHandshake;
}

/**
 * 7. The host's middleware. Each one runs in the `next` of the one before, and the rest of the handshake in the last
 * `next`, so that an AsyncLocalStorage store that one of them runs `next` in reaches the session.
 */
export function passMiddleware(
  { context, routed, pending }: AnsweredHandshake,
  reply: ResponseReply,
  request: WsHandshakeRequest,
  proceed: () => Promise<void>,
): Promise<void> {
  // Over HTTP/2 it is an Http2ServerRequest, which has the members of an IncomingMessage that middleware uses.
  const native = request.http.native as IncomingMessage;
  return new Promise((resolve, reject) => {
    let isDecided = false;
    let running = '';
    const refuse = (thrown: unknown, by = running): void => {
      // Such as an error of express-session, which saves its session after the answer.
      if (isDecided) reportLate(context, routed, thrown);
      isDecided = true;
      const refusal = refusalFor(thrown);
      nameRefusal(by, refusal);
      reject(refusal);
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
      const by = `the handshake middleware ${middleware.name === '' ? index + 1 : middleware.name}`;
      running = by;
      const next = (error?: unknown): void => {
        if (error !== undefined && error !== null && error !== false) refuse(error, by);
        else if (!isPassed && !isDecided && response.headersSent && !response.writableEnded)
          refuse(answeredAndPassed(), by);
        else if (!isPassed && !isDecided && !pending.isOver && !response.headersSent) call(index + 1);
        isPassed = true;
      };
      try {
        const going = middleware(native, response, next);
        if (isThenable(going)) Promise.resolve(going).catch((thrown: unknown) => refuse(thrown, by));
      } catch (thrown) {
        refuse(thrown, by);
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
 * 8. The user, or null if there is none.
 *
 * @throws whatever `authenticate` throws, and Error when it returns something that is no user
 */
export async function authenticated(
  context: UpgradeContext,
  { endpoint }: RoutedRequest,
  request: WsHandshakeRequest,
): Promise<Principal | null> {
  const authenticate = endpoint.config.getAuthenticate() ?? context.authenticate;
  return namingRefusal('authenticate', async () => requirePrincipal(await authenticate?.(request)));
}

/** A `false` for "not logged in" must not count as a user, and neither must an object that has no name to compare. */
function requirePrincipal(found: unknown): Principal | null {
  if (found === null || found === undefined) return null;
  if (isPrincipal(found)) return found;
  throw new Error(
    `authenticate returned ${describeValue(found)}; ` +
      'expected an object with getName(), or null for no user. Throw a HandshakeRejection to refuse.',
  );
}

function isPrincipal(found: unknown): found is Principal {
  if (found === null || (typeof found !== 'object' && typeof found !== 'function')) return false;
  return typeof (found as Partial<Principal>).getName === 'function';
}

/**
 * The name of a user; undefined if it has none.
 *
 * @throws Error for a name that is no text, which would count as no name; and whatever `getName` throws
 */
export function nameOf(user: Principal): string | undefined {
  const name: unknown = user.getName();
  if (typeof name === 'string') return name;
  if (name === null || name === undefined) return undefined;
  throw new Error(`getName() of the user returned ${describeValue(name)}; expected a string.`);
}

/** A session's configuration, and the request that its configurator receives. */
export interface Negotiation {
  readonly context: UpgradeContext;
  readonly config: ConnectionEndpointConfig;
  readonly request: WsHandshakeRequest;
}

function callConfigurator<T>(
  { context, config, request }: Negotiation,
  call: (configurator: ServerEndpointConfig.Configurator) => T,
  policy: HandshakePolicy = context.policy,
): T {
  return duringHandshake(request, policy, () => call(config.getConfigurator()));
}

/** 10. Whether a page of this origin may connect. */
export async function acceptsOrigin(negotiation: Negotiation, origin: string | null): Promise<boolean> {
  return namingRefusal('checkOrigin', () =>
    callConfigurator(negotiation, (configurator) => configurator.checkOrigin(origin, negotiation.request)),
  );
}

/** 11. The subprotocol; empty for none. */
export async function negotiateSubprotocol(negotiation: Negotiation): Promise<string> {
  const { config, request } = negotiation;
  const requested = parseHeader(request, 'Sec-WebSocket-Protocol', parseSubprotocols);
  const supported = config.getSubprotocols();
  const chosen = await namingRefusal('getNegotiatedSubprotocol', () =>
    callConfigurator(negotiation, (configurator) => configurator.getNegotiatedSubprotocol(supported, requested)),
  );
  if (chosen === '' || chosen === null || chosen === undefined) return '';
  if (requested.includes(chosen)) return chosen;
  // RFC 6455 4.1: a client must fail a connection whose subprotocol it did not request.
  throw new Error(
    `getNegotiatedSubprotocol chose ${JSON.stringify(chosen)}, which the client did not request: ${requested.join(', ')}.`,
  );
}

/** 12. The extensions. */
export async function negotiateExtensions(negotiation: Negotiation): Promise<readonly Extension[]> {
  const { context, config, request } = negotiation;
  const { engine } = context;
  const requested = parseHeader(request, 'Sec-WebSocket-Extensions', parseExtensions);
  const known = new Set(engine.installedExtensions.map((extension) => extension.getName()));
  const declared = config.getExtensions().filter((extension) => !known.has(extension.getName()));
  // The endpoint's own extensions come first, as in Tomcat.
  const installed = [...declared, ...engine.installedExtensions];
  const chosen = await namingRefusal('getNegotiatedExtensions', () =>
    callConfigurator(negotiation, (configurator) => configurator.getNegotiatedExtensions(installed, requested)),
  );
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

/** 13. The headers of the answer. */
export async function modifyHandshake(negotiation: Negotiation, response: HandshakeResponse): Promise<void> {
  await namingRefusal('modifyHandshake', () =>
    callConfigurator(negotiation, (configurator) =>
      configurator.modifyHandshake(negotiation.config, negotiation.request, response),
    ),
  );
}

/** 14. The endpoint instance, from the configurator or the factory. */
export async function endpointInstance(
  negotiation: Negotiation,
  { endpoint }: RoutedRequest,
  lease: InstanceLease | undefined,
): Promise<object> {
  const { policy } = negotiation.context;
  const instance: unknown = await namingRefusal(`the instance of ${endpoint.plan.name}`, () =>
    callConfigurator(
      negotiation,
      (configurator) => configurator.getEndpointInstance(endpoint.plan.endpointClass, negotiation.request),
      lease === undefined ? policy : { ...policy, createInstance: lease.create.bind(lease) },
    ),
  );
  if (typeof instance === 'object' && instance !== null) return instance;
  throw new Error(
    `getEndpointInstance for ${endpoint.plan.name} returned ${describeValue(instance)}; expected an object.`,
  );
}

/** 16. The codecs, after their `init`. */
export async function sessionCodecs({ config }: Negotiation, { endpoint }: RoutedRequest): Promise<SessionCodecs> {
  return namingRefusal('a codec', () => SessionCodecs.create(endpoint.plan.codecs, config));
}

/** 17. The host's own answer to a request that one of its routes upgrades, for the headers of the 101. */
export async function hostAnswered({ reply }: RoutedUpgrade): Promise<void> {
  const host = reply.hostAnswer?.();
  if (host !== undefined)
    await namingRefusal('a hook of the framework', () => Promise.all([host.written, host.respond()]));
}
