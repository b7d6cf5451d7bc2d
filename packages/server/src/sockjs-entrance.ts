import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import {
  answerEmpty,
  answerGreeting,
  answerInfo,
  answerPreflight,
  answerText,
  answerWrongMethod,
  callbackIn,
  dynamicHeaders,
  HttpReceiver,
  HttpSession,
  methodOf,
  readMessages,
  receivingTransport,
  sessionCookie,
  type Place,
  type SentBody,
  type TransportName,
  type WireFormat,
} from '@serval/sockjs';
import type { DeployedEndpoint } from './deployment';
import type { RouteMatch } from './endpoint-router';
import { checkOrigin, identify } from './identification';
import type { RequestTarget } from './request-target';
import type { RoutedRequest, RoutedUpgrade, UpgradeContext } from './routed-request';
import { clientOfResponse, FollowUpReply, SockJsReply } from './sockjs-reply';
import { sessionRoute, sockJsRoute } from './sockjs-routes';
import { isOwner, ownerOf, SockJsSessions, type Owner, type SockJsEntry } from './sockjs-sessions';
import type { SockJsSettings } from './sockjs-settings';
import { upgrade } from './upgrade';
import { fromHttp2Stream, fromIncomingMessage, type UpgradeRequest } from './upgrade-request';

/** So many requests with messages of one session may be under way. A client of SockJS sends them one after the other. */
const MAX_SENDERS = 8;

const NO_WEB_SOCKET = 'A WebSocket needs the headers "Upgrade: websocket" and "Connection: Upgrade".\n';

/** A container, as its plain requests use it. */
export interface SockJsHost {
  readonly context: UpgradeContext;
  /** Finds the endpoint at a path. */
  readonly match: (segments: readonly string[]) => RouteMatch<DeployedEndpoint> | undefined;
  readonly throughProxies: (request: UpgradeRequest, target: RequestTarget) => UpgradeRequest;
  /** Runs everything of a request, and of its session, in a new async context. */
  readonly run: (task: () => void) => void;
}

/** A plain request of SockJS, and its endpoint. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly routed: RoutedRequest;
  readonly settings: SockJsSettings;
  readonly context: UpgradeContext;
}

/** A request that waits for frames. */
interface Poll extends Exchange {
  readonly key: string;
  readonly transport: TransportName;
  readonly format: WireFormat;
  readonly headers: OutgoingHttpHeaders;
}

/** Answers the plain requests of SockJS below the paths of endpoints, and keeps the sessions over HTTP. */
export class SockJsEntrance {
  readonly #sessions = new SockJsSessions();

  constructor(private readonly host: SockJsHost) {}

  /** @returns false if SockJS has nothing at the path; the request then stays untouched */
  handle(target: RequestTarget, request: IncomingMessage, response: ServerResponse): boolean {
    const route = this.#sessionAt(target) ?? sockJsRoute(target, this.host.match);
    if (route === undefined) return false;
    const { place, settings } = route;
    // At the endpoint's own path only the greeting is SockJS's.
    if (place.kind === 'greeting' && !isReading(request)) return false;
    const { context } = this.host;
    const routed = {
      request: this.host.throughProxies(receivedFrom(request), target),
      target: route.target,
      pathParameters: route.match.pathParameters,
      endpoint: route.match.target,
    };
    // A client that leaves is no error of the process.
    response.on('error', () => undefined);
    const exchange = { request, response, routed, settings, context: withOrigins(context, settings) };
    this.host.run(() => void this.#answer(exchange, place));
    return true;
  }

  /** A session stays that of its endpoint when another one is deployed at its path. */
  #sessionAt(target: RequestTarget): ReturnType<typeof sockJsRoute<DeployedEndpoint>> {
    const route = sessionRoute(target);
    const entry = route && this.#sessions.get(keyOf(route.target, route.place.sessionId));
    if (route === undefined || entry === undefined) return undefined;
    const { endpoint, pathParameters, settings } = entry;
    return { ...route, settings, match: { target: endpoint, pathParameters } };
  }

  #answer(exchange: Exchange, place: Place): Promise<void> | undefined {
    const { request, response, settings, context } = exchange;
    const method = methodOf(place);
    if (!isEnabled(place, settings)) answerText(response, 404, 'Not found.\n');
    else if (request.method === 'OPTIONS' && hasCors(place))
      return checkOrigin(context, followUp(exchange), () => answerPreflight(request, response, method, settings));
    else if (request.method !== method && !(place.kind !== 'transport' && isReading(request)))
      answerWrongMethod(response, method);
    else if (place.kind === 'greeting') answerGreeting(response);
    else if (place.kind === 'iframe') settings.iframe?.answer(request, response);
    else if (place.kind === 'info')
      return checkOrigin(context, followUp(exchange), () => answerInfo(request, response, settings));
    else if (place.kind === 'transport' && place.transport !== 'websocket')
      return this.#transport(exchange, place.transport, place.sessionId);
    else answerText(response, 400, NO_WEB_SOCKET);
    return undefined;
  }

  #transport(exchange: Exchange, transport: TransportName, sessionId: string): Promise<void> | undefined {
    const { request, response, routed } = exchange;
    const key = keyOf(routed.target, sessionId);
    const entry = this.#sessions.get(key);
    if (transport === 'xhr_send' || transport === 'jsonp_send') return this.#send(exchange, transport, entry);
    const receiving = receivingTransport(transport);
    if (receiving === undefined) return undefined;
    const named = receiving.needsCallback ? callbackIn(routed.target.query) : { callback: '' };
    if ('error' in named) {
      answerText(response, 500, named.error);
      return undefined;
    }
    // Its body has no meaning, but the connection continues behind it.
    request.resume();
    const format = receiving.format(named.callback);
    const headers = headersFor(exchange, receiving.contentType, transport);
    const poll = { ...exchange, key, transport, format, headers };
    return entry === undefined ? this.#open(poll) : this.#receive(poll, entry);
  }

  // --- requests that wait for frames --------------------------------------------------------------------------------

  /** The first request of a session: the recipe decides. */
  async #open(poll: Poll): Promise<void> {
    const { key, response, routed, settings, transport, format, headers, context } = poll;
    const { endpoint, pathParameters, request } = routed;
    let identified: (owner: Owner | undefined) => void = () => undefined;
    const owner = new Promise<Owner | undefined>((resolve) => (identified = resolve));
    const entry: SockJsEntry = { transport, settings, endpoint, pathParameters, owner, session: undefined, senders: 0 };
    this.#sessions.add(key, entry);
    const reply = new SockJsReply({
      response,
      format,
      headers,
      limitBytes: settings.streamBytesLimit,
      identified: (user) => identified(ownerOf(user, request.remoteAddress)),
      begin: (facts, lost) =>
        (entry.session = new HttpSession({
          ...facts,
          disconnectDelayMs: settings.disconnectDelay,
          heartbeatMs: settings.heartbeatMs,
          messageCacheSize: settings.httpMessageCacheSize,
          lost,
          ended: () => this.#sessions.end(key, entry),
          forget: () => this.#sessions.forget(key, entry),
        })),
    });
    await upgrade(context, { ...routed, reply, client: reply.client });
    identified(undefined);
    if (entry.session === undefined) this.#sessions.forget(key, entry);
  }

  /** A further request of a session. */
  #receive(poll: Poll, entry: SockJsEntry): Promise<void> | undefined {
    const { response, settings, format, headers } = poll;
    if (entry.transport !== poll.transport) {
      answerText(response, 404, 'Not found.\n');
      return undefined;
    }
    return this.#asOwner(poll, entry, (session) =>
      session.attach(new HttpReceiver(response, format, headers, settings.streamBytesLimit)),
    );
  }

  // --- requests with messages ---------------------------------------------------------------------------------------

  #send(
    exchange: Exchange,
    transport: 'xhr_send' | 'jsonp_send',
    entry: SockJsEntry | undefined,
  ): Promise<void> | undefined {
    const { response } = exchange;
    if (entry === undefined || receivingTransport(entry.transport)?.sendsBy !== transport) {
      answerText(response, 404, 'Not found.\n', { Connection: 'close' });
      return undefined;
    }
    if (entry.senders >= MAX_SENDERS) {
      answerText(response, 503, 'Too many requests of this session wait.\n', {
        'Retry-After': '1',
        Connection: 'close',
      });
      return undefined;
    }
    entry.senders += 1;
    response.once('close', () => (entry.senders -= 1));
    return this.#asOwner(exchange, entry, (session) => this.#read(exchange, transport, session));
  }

  async #read(exchange: Exchange, transport: 'xhr_send' | 'jsonp_send', session: HttpSession): Promise<void> {
    const { request, response, settings } = exchange;
    const body = await readMessages(request, transport, settings.maxBodySize);
    const headers = headersFor(exchange, 'text/plain;charset=UTF-8', transport);
    if (body.kind !== 'messages') {
      refuseBody(exchange, body, headers);
      return;
    }
    if (!session.isReceiving) {
      answerText(response, 404, 'Not found.\n');
      return;
    }
    session.receive(body.texts, () => {
      if (transport === 'xhr_send') answerEmpty(response, headers);
      else answerText(response, 200, 'ok', headers);
    });
  }

  /** Calls back with the session, if the request comes from its owner. */
  #asOwner(exchange: Exchange, entry: SockJsEntry, use: (session: HttpSession) => Promise<void> | void): Promise<void> {
    const { context, response, routed, settings } = exchange;
    return identify(context, followUp(exchange), (user) => {
      void entry.owner.then((owner) => {
        const { session } = entry;
        const requester = ownerOf(user, routed.request.remoteAddress);
        // A handshake that was refused before it knew its user has only a close frame to answer.
        const isAllowed = owner === undefined || isOwner(owner, requester, settings.bindToAddress);
        if (session === undefined || !isAllowed) answerText(response, 404, 'Not found.\n', { Connection: 'close' });
        else void use(session);
      });
    });
  }
}

const CONTEXTS = new WeakMap<SockJsSettings, UpgradeContext>();

/** The context of a container, with the rule for origins of an endpoint's SockJS. */
export function withOrigins(context: UpgradeContext, settings: SockJsSettings): UpgradeContext {
  const { origins: checkOrigin } = settings;
  if (checkOrigin === undefined) return context;
  let own = CONTEXTS.get(settings);
  if (own === undefined) {
    // Everything else stays that of the container, also when it changes.
    own = Object.create(context, { policy: { value: { ...context.policy, checkOrigin } } }) as UpgradeContext;
    CONTEXTS.set(settings, own);
  }
  return own;
}

/** The request as the recipe reads it. */
function receivedFrom(request: IncomingMessage): UpgradeRequest {
  if (request.httpVersionMajor < 2) return fromIncomingMessage(request);
  // An object of Node's compatibility API.
  const http2 = request as unknown as Http2ServerRequest;
  return fromHttp2Stream(http2.stream, http2.headers, http2.rawHeaders, http2);
}

function followUp({ routed, response }: Exchange): RoutedUpgrade {
  return { ...routed, reply: new FollowUpReply(response), client: clientOfResponse(response) };
}

/** A raw path has no line ends, so no two sessions have one key. */
function keyOf({ path }: RequestTarget, sessionId: string): string {
  return `${path}\n${sessionId}`;
}

function isReading({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isEnabled(place: Place, settings: SockJsSettings): boolean {
  if (place.kind === 'iframe') return settings.iframe !== undefined;
  if (place.kind === 'raw websocket') return settings.webSocketEnabled;
  if (place.kind !== 'transport') return true;
  if (place.transport === 'websocket') return settings.webSocketEnabled;
  return settings.jsonp || !place.transport.startsWith('jsonp');
}

/** Whether pages of other origins send requests with a preflight. */
function hasCors(place: Place): boolean {
  return place.kind === 'info' || (place.kind === 'transport' && place.transport !== 'websocket');
}

function headersFor(
  { request, settings }: Exchange,
  contentType: string,
  transport: TransportName,
): OutgoingHttpHeaders {
  const cookies = sessionCookie(request, settings);
  // A script and a form need no CORS, and a browser must not guess another type for what they load.
  const isScript = transport.startsWith('jsonp');
  return {
    ...dynamicHeaders(request, contentType, { suppressCors: isScript || settings.suppressCors }),
    ...(isScript ? { 'X-Content-Type-Options': 'nosniff' } : {}),
    ...(cookies.length === 0 ? {} : { 'Set-Cookie': cookies }),
  };
}

/** The protocol's answers to bodies without messages. */
function refuseBody(
  { response, settings }: Exchange,
  body: Exclude<SentBody, { kind: 'messages' }>,
  headers: OutgoingHttpHeaders,
): void {
  if (body.kind === 'gone') response.destroy();
  else if (body.kind === 'no payload') answerText(response, 500, 'Payload expected.', headers);
  else if (body.kind === 'broken JSON') answerText(response, 500, 'Broken JSON encoding.', headers);
  else {
    const text = `The body has more than ${settings.maxBodySize} bytes.\n`;
    answerText(response, 413, text, { ...headers, Connection: 'close' });
  }
}
