import { context, diag, metrics as metricsApi, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { HandshakeRejection, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { openTelemetry, type OpenTelemetryOptions } from 'serval/opentelemetry';
import { TestServer } from 'serval/testing';
import { afterTest, Gate, silent, turn } from '../../testing/test/toolbox';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${PARENT}-01`;

const opened = new Gate<string | undefined>();

function activeSpanId(): string | undefined {
  return trace.getSpan(context.active())?.spanContext().spanId;
}

@ServerEndpoint('/chat/{room}')
class Chat {
  @OnOpen open(): void {
    opened.open(activeSpanId());
  }
  @OnMessage async say(text: string, _session: Session): Promise<string | undefined> {
    if (text === 'fail') throw new RangeError('no');
    await turn();
    return activeSpanId() ?? text;
  }
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterAll(() => {
  context.disable();
  propagation.disable();
});

function traced(options: OpenTelemetryOptions = {}, exporter: SpanExporter = new InMemorySpanExporter()) {
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const telemetry = openTelemetry({ tracerProvider, metrics: false, ...options });
  afterTest(() => telemetry.stop());
  const spans = (exporter as InMemorySpanExporter).getFinishedSpans?.bind(exporter);
  return {
    telemetry,
    spans: (name?: string): ReadableSpan[] => spans().filter((span) => name === undefined || span.name === name),
    async span(name: string): Promise<ReadableSpan> {
      for (;;) {
        const found = spans().find((span) => span.name === name);
        if (found !== undefined) return found;
        await turn();
      }
    },
  };
}

function startServer(): TestServer {
  const server = new TestServer({
    endpoints: [Chat],
    logger: silent,
    authenticate: (request) => {
      const query = request.getQueryString();
      if (query === 'refuse') throw new HandshakeRejection(401);
      if (query === 'crash') throw new TypeError('a bug');
      return null;
    },
  });
  afterTest(() => server.stop());
  return server;
}

test('the span of a handshake ends at 101, below the client’s traceparent', async () => {
  const { spans } = traced();
  const server = startServer();
  await server.connect('/chat/blue?token=secret', { headers: { traceparent, 'User-Agent': 'test/1' } });
  const [span] = spans('GET /chat/{room}');
  expect(span).toMatchObject({ kind: SpanKind.SERVER, status: { code: SpanStatusCode.UNSET } });
  expect(span?.spanContext().traceId).toBe(TRACE);
  expect(span?.parentSpanContext?.spanId).toBe(PARENT);
  expect(span?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/chat/{room}',
    'http.response.status_code': 101,
    'url.path': '/chat/blue',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'client.address': '127.0.0.1',
    'user_agent.original': 'test/1',
    'serval.endpoint': 'Chat',
  });
  // @OnOpen runs in its context.
  expect(await opened.promise).toBe(span?.spanContext().spanId);
});

test('the span of a session begins another trace, with a link to the handshake', async () => {
  const { span, spans } = traced();
  const server = startServer();
  const peer = await server.connect('/chat/blue', { headers: { traceparent } });
  peer.send('hello');
  await peer.receive();
  expect(spans('session /chat/{room}')).toEqual([]);
  void peer.close(1000, 'bye');
  const session = await span('session /chat/{room}');
  const [handshake] = spans('GET /chat/{room}');
  expect(session.parentSpanContext).toBeUndefined();
  expect(session.spanContext().traceId).not.toBe(TRACE);
  expect(session.links.map((link) => link.context.spanId)).toEqual([handshake?.spanContext().spanId]);
  expect(session.attributes).toMatchObject({
    'serval.endpoint': 'Chat',
    'serval.close.code': 1000,
    'serval.close.reason': 'bye',
    'serval.received.messages': 1,
    'serval.received.bytes': 5,
    'serval.sent.messages': 1,
  });
});

test('the span of a message is a child of the handshake, links to the session, and is active in the handler', async () => {
  const { span, spans } = traced();
  const server = startServer();
  const peer = await server.connect('/chat/blue', { headers: { traceparent } });
  peer.send('hello');
  const active = await peer.receive();
  const message = await span('message /chat/{room}');
  void peer.close(1000);
  const session = await span('session /chat/{room}');
  const [handshake] = spans('GET /chat/{room}');
  expect(message.kind).toBe(SpanKind.CONSUMER);
  expect(active).toBe(message.spanContext().spanId);
  expect(message.spanContext().traceId).toBe(TRACE);
  expect(message.parentSpanContext?.spanId).toBe(handshake?.spanContext().spanId);
  expect(message.links.map((link) => link.context.spanId)).toEqual([session.spanContext().spanId]);
  expect(message.attributes).toMatchObject({ 'serval.message.type': 'text', 'code.function.name': 'Chat.say' });
});

test('messageSpans separate gives each message its own trace; false leaves them out', async () => {
  const separate = traced({ messageSpans: 'separate' });
  const none = traced({ messageSpans: false });
  const server = startServer();
  const peer = await server.connect('/chat/blue', { headers: { traceparent } });
  peer.send('hello');
  await peer.receive();
  const message = await separate.span('message /chat/{room}');
  expect(message.parentSpanContext).toBeUndefined();
  expect(message.spanContext().traceId).not.toBe(TRACE);
  expect(none.spans('message /chat/{room}')).toEqual([]);
});

test('a handler that throws marks the span of its message', async () => {
  const { span } = traced();
  const server = startServer();
  const peer = await server.connect('/chat/blue');
  peer.send('fail');
  const message = await span('message /chat/{room}');
  expect(message.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
  expect(message.attributes['error.type']).toBe('RangeError');
  expect(message.events.map(({ name }) => name)).toEqual(['exception']);
});

test.each([
  ['refuse', 401, 'application', SpanStatusCode.UNSET],
  ['crash', 500, undefined, SpanStatusCode.ERROR],
])('a handshake that ends with %s ends its span, and opens no session', async (query, status, rule, code) => {
  const { spans, telemetry } = traced();
  const server = startServer();
  await expect(server.connect(`/chat/blue?${query}`)).rejects.toThrow(String(status));
  telemetry.stop();
  expect(spans()).toHaveLength(1);
  expect(spans()[0]).toMatchObject({ name: 'GET /chat/{room}', status: { code } });
  expect(spans()[0]?.attributes).toMatchObject({ 'http.response.status_code': status });
  expect(spans()[0]?.attributes['serval.rule']).toBe(rule);
});

test('stop ends the spans of open sessions, which go on', async () => {
  const { spans, telemetry } = traced();
  const server = startServer();
  const peer = await server.connect('/chat/blue');
  telemetry.stop();
  expect(spans('session /chat/{room}')).toHaveLength(1);
  peer.send('hello');
  await peer.receive();
  expect(spans('message /chat/{room}')).toEqual([]);
});

// --- metrics ----------------------------------------------------------------------------------------------------------

function measured(exporter: PushMetricExporter, options: OpenTelemetryOptions = {}) {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const telemetry = openTelemetry({ meterProvider, traces: false, ...options });
  afterTest(async () => {
    telemetry.stop();
    await meterProvider.shutdown().catch(() => undefined);
  });
  return { reader };
}

/** `name unit {attributes} value`; of a histogram the number of its values. */
async function pointsOf(exporter: InMemoryMetricExporter, reader: PeriodicExportingMetricReader): Promise<string[]> {
  await reader.forceFlush();
  const [last] = exporter.getMetrics().slice(-1);
  return (last?.scopeMetrics ?? []).flatMap(({ metrics }) =>
    metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => {
        const number = typeof value === 'number' ? value : value.count;
        return `${descriptor.name} ${descriptor.unit} ${JSON.stringify(attributes)} ${number}`;
      }),
    ),
  );
}

test('measures handshakes, sessions and messages', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const { reader } = measured(exporter);
  const server = startServer();
  const ann = await server.connect('/chat/blue');
  const bob = await server.connect('/chat/red');
  await expect(server.connect('/chat/red?refuse')).rejects.toThrow('401');
  ann.send('grüß');
  await ann.receive();
  ann.send('fail');
  void bob.close(1000);
  await bob.closed();
  await turn();
  const http = '"http.request.method":"GET","http.route":"/chat/{room}","url.scheme":"http"';
  expect(await pointsOf(exporter, reader)).toEqual(
    expect.arrayContaining([
      `http.server.request.duration s {${http},"network.protocol.version":"1.1","http.response.status_code":101} 2`,
      `http.server.request.duration s {${http},"network.protocol.version":"1.1","http.response.status_code":401} 1`,
      'serval.sessions {session} {"serval.endpoint":"/chat/{room}"} 1',
      'serval.session.duration s {"serval.endpoint":"/chat/{room}","serval.close.code":"1000"} 1',
      'serval.messages {message} {"serval.endpoint":"/chat/{room}","network.io.direction":"receive"} 2',
      'serval.message.io By {"serval.endpoint":"/chat/{room}","network.io.direction":"receive"} 10',
      'serval.handler.duration s {"serval.endpoint":"/chat/{room}"} 1',
      'serval.handler.duration s {"serval.endpoint":"/chat/{room}","error.type":"RangeError"} 1',
      'serval.handshakes {handshake} {"http.route":"/chat/{room}","http.response.status_code":401,"serval.rule":"application"} 1',
      'serval.messages.coalesced {message} {"serval.endpoint":"/chat/{room}"} 0',
      'serval.rate_limiter.failures {failure} {"serval.endpoint":"/chat/{room}"} 0',
      'serval.queue.messages {message} {"serval.endpoint":"/chat/{room}"} 0',
    ]),
  );
});

test('without handlerDuration there is no histogram of handlers', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const { reader } = measured(exporter, { handlerDuration: false });
  const server = startServer();
  const ann = await server.connect('/chat/blue');
  ann.send('hello');
  await ann.receive();
  const points = await pointsOf(exporter, reader);
  expect(points.filter((point) => point.startsWith('serval.handler'))).toEqual([]);
  expect(points).toContain(
    'serval.messages {message} {"serval.endpoint":"/chat/{room}","network.io.direction":"receive"} 1',
  );
});

// --- failures ---------------------------------------------------------------------------------------------------------

test('an exporter that is down loses telemetry and nothing else', async () => {
  const down = {
    export: (_spans: unknown, done: (result: { code: ExportResultCode; error: Error }) => void) =>
      done({ code: ExportResultCode.FAILED, error: new Error('connect ECONNREFUSED') }),
    shutdown: () => Promise.reject(new Error('down')),
    forceFlush: () => Promise.reject(new Error('down')),
  };
  const logged: string[] = [];
  const log = (message: string): unknown => logged.push(message);
  diag.setLogger({ error: log, warn: log, info: log, debug: log, verbose: log });
  afterTest(() => diag.disable());
  traced({}, down);
  const { reader } = measured(down);
  const server = startServer();
  const ann = await server.connect('/chat/blue');
  ann.send('hello');
  expect(await ann.receive()).toMatch(/^[0-9a-f]{16}$/);
  await reader.forceFlush().catch(() => undefined);
  void ann.close(1000);
  expect((await ann.closed()).code).toBe(1000);
});

test('an SDK that throws disturbs no session', async () => {
  const broken = (): never => {
    throw new Error('broken SDK');
  };
  const errors: unknown[] = [];
  const ignore = (): void => undefined;
  diag.setLogger({
    error: (...args) => void errors.push(...args),
    warn: ignore,
    info: ignore,
    debug: ignore,
    verbose: ignore,
  });
  afterTest(() => diag.disable());
  const telemetry = openTelemetry({ tracerProvider: { getTracer: () => ({ startSpan: broken }) }, metrics: false });
  afterTest(() => telemetry.stop());
  const server = startServer();
  const ann = await server.connect('/chat/blue');
  ann.send('hello');
  await turn();
  void ann.close(1000);
  expect((await ann.closed()).code).toBe(1000);
  expect(errors).toContainEqual(new Error('broken SDK'));
});

test('without a registered SDK nothing happens', async () => {
  expect(metricsApi.getMeterProvider()).toBeDefined();
  const telemetry = openTelemetry();
  const server = startServer();
  const ann = await server.connect('/chat/blue');
  void ann.close(1000);
  expect((await ann.closed()).code).toBe(1000);
  telemetry.stop();
});
