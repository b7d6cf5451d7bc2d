import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { Attributes, Context, Link, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { Session } from '@serval/api';
import {
  DIAGNOSTICS_CHANNEL,
  MESSAGE_CHANNEL,
  type Around,
  type DiagnosticEvent,
  type HandledMessage,
  type SessionClosed,
  type SessionOpened,
} from '@serval/container';
import { HANDSHAKE_CHANNEL, type TracedHandshake } from '@serval/server';
import { subscribeAll, type Api, type Subscription } from './telemetry-subscriptions';

type MessageSpans = 'handshake' | 'separate' | false;

/** A session that is not over. */
interface TracedSession {
  readonly span: Span;
  /** The context in which the session began: the handshake's. */
  readonly begun: Context;
  /** Whether the handshake's span is recorded. */
  readonly isSampled: boolean;
  /** The name of the spans of its messages. */
  readonly messageName: string;
  /** By the handler's method. */
  readonly options: Map<string, SpanOptions>;
}

/** The spans of each tracing, by its symbol. */
type Spanned = HandledMessage & Record<symbol, Span | undefined>;

/** Makes the spans of handshakes, sessions and messages. @returns a function that ends it */
export function traceSessions(api: Api, tracer: Tracer, messageSpans: MessageSpans): () => void {
  const tracing = new Tracing(api, tracer, messageSpans);
  const handshakes = tracingChannel(HANDSHAKE_CHANNEL);
  const messages = tracingChannel(MESSAGE_CHANNEL);
  const subscriptions: Subscription[] = [
    [channel(DIAGNOSTICS_CHANNEL), (event) => tracing.onEvent(event as DiagnosticEvent)],
    [handshakes.start, (handshake) => tracing.handshakeBegins(handshake as TracedHandshake)],
    [handshakes.asyncEnd, (handshake) => tracing.handshakeEnds(handshake as TracedHandshake)],
  ];
  if (messageSpans !== false) {
    subscriptions.push(
      [messages.start, (message) => tracing.messageBegins(message as HandledMessage)],
      [messages.end, (message) => tracing.messageReturned(message as HandledMessage)],
      [messages.asyncEnd, (message) => tracing.messageEnds(message as HandledMessage)],
    );
  }
  const unsubscribe = subscribeAll(api, subscriptions);
  return () => {
    unsubscribe();
    tracing.end();
  };
}

class Tracing {
  readonly #handshakes = new WeakMap<TracedHandshake, Span>();
  readonly #sessions = new Map<Session, TracedSession>();
  /** The span of a message, on the message: a WeakMap would cost more than the handler of many. */
  readonly #span = Symbol('span');

  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer,
    private readonly messageSpans: MessageSpans,
  ) {}

  // --- handshakes -------------------------------------------------------------------------------------------------

  handshakeBegins(handshake: TracedHandshake): void {
    const { SpanKind, context, trace } = this.api;
    const { request, template } = handshake;
    const parent = this.#parentOf(handshake);
    const attributes = { ...requestAttributes(handshake), 'serval.endpoint': handshake.endpoint };
    const span = this.tracer.startSpan(`${request.method} ${template}`, { kind: SpanKind.SERVER, attributes }, parent);
    this.#handshakes.set(handshake, span);
    handshake.around = inside(handshake.around, (call) => context.with(trace.setSpan(parent, span), call));
  }

  /** The span of a framework whose route hands the request over, else that of the client's `traceparent`. */
  #parentOf({ request }: TracedHandshake): Context {
    const { ROOT_CONTEXT, context, propagation, trace } = this.api;
    const sent = propagation.extract(ROOT_CONTEXT, request.headers, {
      get: (headers, name) => headers.get(name)?.[0],
      keys: (headers) => [...headers.keys()],
    });
    const remote = trace.getSpanContext(sent);
    const span = trace.getSpan(context.active());
    // A span that has ended is that of the server's start.
    if (span?.isRecording() !== true) return sent;
    return remote === undefined || remote.traceId === span.spanContext().traceId ? context.active() : sent;
  }

  /** At 101 or 200, and not with the connection. */
  handshakeEnds(handshake: TracedHandshake): void {
    const span = this.#handshakes.get(handshake);
    if (span === undefined) return;
    const { status, rule, error } = handshake;
    if (status === undefined) span.setAttribute('error.type', 'client_left');
    else span.setAttribute('http.response.status_code', status);
    if (rule !== undefined) span.setAttribute('serval.rule', rule);
    if (status !== undefined && status >= 500) this.#fail(span, error, String(status));
    span.end();
  }

  // --- sessions ---------------------------------------------------------------------------------------------------

  onEvent(event: DiagnosticEvent): void {
    if (event.kind === 'session-opened') this.#sessionBegins(event);
    else if (event.kind === 'session-closed') this.#sessionEnds(event);
  }

  #sessionBegins(event: SessionOpened): void {
    const { context, trace } = this.api;
    const begun = context.active();
    const handshake = trace.getSpanContext(begun);
    const links: Link[] = handshake === undefined ? [] : [{ context: handshake }];
    const attributes = { ...endpointAttributes(event), 'serval.session.id': event.sessionId };
    // It may last for days, so it is no part of the handshake's trace.
    const span = this.tracer.startSpan(`session ${nameOf(event)}`, { root: true, links, attributes });
    // A client's session has no handshake here.
    const isSampled = handshake === undefined || (handshake.traceFlags & this.api.TraceFlags.SAMPLED) !== 0;
    const messageName = `message ${nameOf(event)}`;
    this.#sessions.set(event.session, { span, begun, isSampled, messageName, options: new Map() });
  }

  #sessionEnds({ session, code, reason, traffic }: SessionClosed): void {
    const traced = this.#sessions.get(session);
    if (traced === undefined) return;
    this.#sessions.delete(session);
    const { span } = traced;
    span.setAttributes({ 'serval.close.code': code, 'serval.close.reason': reason });
    if (traffic !== undefined) {
      span.setAttributes({
        'serval.received.messages': traffic.receivedMessages,
        'serval.received.bytes': traffic.receivedBytes,
        'serval.sent.messages': traffic.sentMessages,
        'serval.sent.bytes': traffic.sentBytes,
      });
    }
    if (code === 1011) this.#fail(span, undefined, '1011');
    span.end();
  }

  // --- messages ---------------------------------------------------------------------------------------------------

  messageBegins(message: HandledMessage): void {
    const { context, trace } = this.api;
    const session = this.#sessions.get(message.session);
    // Began before the tracing did, or its handshake was not sampled, and then its messages are not either.
    if (session === undefined || (this.messageSpans === 'handshake' && !session.isSampled)) return;
    const span = this.tracer.startSpan(session.messageName, this.#optionsOf(session, message), session.begun);
    (message as Spanned)[this.#span] = span;
    message.around = inside(message.around, (call) => context.with(trace.setSpan(context.active(), span), call));
  }

  /** They are the same for all messages to a method of one session. */
  #optionsOf(session: TracedSession, message: HandledMessage): SpanOptions {
    const { method, messageType, endpoint } = message;
    const known = session.options.get(method);
    if (known?.attributes?.['serval.message.type'] === messageType) return known;
    const attributes = {
      ...endpointAttributes(message),
      'serval.message.type': messageType,
      'code.function.name': `${endpoint}.${method}`,
    };
    const links = [{ context: session.span.spanContext() }];
    const root = this.messageSpans === 'separate';
    const options = { kind: this.api.SpanKind.CONSUMER, links, attributes, root };
    session.options.set(method, options);
    return options;
  }

  messageReturned(message: HandledMessage): void {
    if (!message.isAsync) this.messageEnds(message);
  }

  messageEnds(message: HandledMessage): void {
    const span = (message as Spanned)[this.#span];
    if (span === undefined) return;
    const { error } = message;
    if (error !== undefined) this.#fail(span, error, error.name);
    span.end();
  }

  /** Ends the spans of the sessions that go on without it. */
  end(): void {
    for (const { span } of this.#sessions.values()) span.end();
    this.#sessions.clear();
  }

  #fail(span: Span, error: Error | undefined, type: string): void {
    span.setAttribute('error.type', type);
    if (error !== undefined) span.recordException(error);
    span.setStatus({ code: this.api.SpanStatusCode.ERROR, ...(error && { message: error.message }) });
  }
}

/** The new one inside the one that another subscriber has set. */
function inside(outer: Around | undefined, inner: Around): Around {
  return outer === undefined ? inner : (call) => outer(() => inner(call));
}

function requestAttributes({ request, path, template }: TracedHandshake): Attributes {
  const { method, isSecure, httpVersion, remoteAddress, headers } = request;
  const userAgent = headers.get('User-Agent')?.[0];
  // Without the query, which may have a token.
  return {
    'http.request.method': method,
    'http.route': template,
    'url.path': path,
    'url.scheme': isSecure ? 'https' : 'http',
    'network.protocol.version': httpVersion,
    ...(remoteAddress !== undefined && { 'client.address': remoteAddress }),
    ...(userAgent !== undefined && { 'user_agent.original': userAgent }),
  };
}

interface AtEndpoint {
  readonly endpoint: string;
  readonly template?: string | undefined;
}

function endpointAttributes({ endpoint, template }: AtEndpoint): Attributes {
  return { 'serval.endpoint': endpoint, ...(template !== undefined && { 'http.route': template }) };
}

function nameOf({ endpoint, template }: AtEndpoint): string {
  return template ?? endpoint;
}
