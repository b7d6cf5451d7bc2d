import { Registry, register, type OpenMetricsContentType } from 'prom-client';
import {
  CloseReason,
  endpoint,
  HandshakeRejection,
  OnMessage,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type EndpointLimits,
} from 'serval';
import { prometheusMetrics, type PrometheusOptions } from 'serval/prometheus';
import { TestServer } from 'serval/testing';
import { afterTest, Gate, silent, turn } from '../../testing/test/toolbox';

@ServerEndpoint('/chat/{room}')
class Chat {
  @OnMessage async say(text: string, session: Session): Promise<string | undefined> {
    if (text === 'fail') throw new Error('no');
    if (text === 'leave') await session.close(new CloseReason(4001, 'left'));
    return text === 'leave' ? undefined : text;
  }
}

function measure(options: PrometheusOptions = {}): { readonly registry: Registry; lines(): Promise<string[]> } {
  const registry = new Registry();
  const metrics = prometheusMetrics({ registry, ...options });
  afterTest(() => metrics.stop());
  const lines = async (): Promise<string[]> => (await registry.metrics()).split('\n');
  return { registry, lines };
}

function startServer(): TestServer {
  const server = new TestServer({
    endpoints: [Chat],
    logger: silent,
    textBufferSize: 100,
    authenticate: (request) => {
      if (request.getQueryString() === 'refuse') throw new HandshakeRejection(401);
      return null;
    },
  });
  afterTest(() => server.stop());
  return server;
}

test('counts sessions, messages, bytes, handlers, closes and handshakes, by the template', async () => {
  const { lines } = measure();
  const server = startServer();
  const ann = await server.connect('/chat/blue');
  const bob = await server.connect('/chat/red');
  await expect(server.connect('/chat/red?refuse')).rejects.toThrow('401');
  await expect(server.connect('/nowhere?token=secret')).rejects.toThrow('404');
  ann.send('grüß');
  expect(await ann.receive()).toBe('grüß');
  ann.send('fail');
  bob.send('leave');
  await bob.closed();
  await turn();
  const found = await lines();
  expect(found).toEqual(
    expect.arrayContaining([
      'serval_sessions{endpoint="/chat/{room}"} 1',
      'serval_sessions_closed_total{endpoint="/chat/{room}",code="4001"} 1',
      'serval_session_duration_seconds_count{endpoint="/chat/{room}"} 1',
      'serval_messages_total{endpoint="/chat/{room}",direction="received"} 3',
      'serval_messages_total{endpoint="/chat/{room}",direction="sent"} 1',
      'serval_message_bytes_total{endpoint="/chat/{room}",direction="received"} 15',
      'serval_message_bytes_total{endpoint="/chat/{room}",direction="sent"} 6',
      'serval_handler_duration_seconds_bucket{endpoint="/chat/{room}",le="+Inf"} 3',
      'serval_handler_errors_total{endpoint="/chat/{room}"} 1',
      'serval_handshakes_total{endpoint="/chat/{room}",status="101",rule=""} 2',
      'serval_handshakes_total{endpoint="/chat/{room}",status="401",rule="application"} 1',
      'serval_handshakes_total{endpoint="",status="404",rule="path"} 1',
      'serval_queued_messages{endpoint="/chat/{room}"} 0',
    ]),
  );
  expect(found.join()).not.toMatch(/blue|red|nowhere|secret/);
});

test('the buckets are cumulative, and a handler counts until its promise settles', async () => {
  const gate = new Gate();
  class Slow {
    @OnMessage receive(_text: string): Promise<void> {
      return gate.promise;
    }
  }
  ServerEndpoint('/slow')(Slow);
  const { lines } = measure({ handlerBuckets: [0.000001, 60] });
  const server = new TestServer({ endpoints: [Slow], logger: silent });
  afterTest(() => server.stop());
  const peer = await server.connect('/slow');
  peer.send('begin');
  await turn();
  expect(await lines()).toContain('serval_handler_duration_seconds_count{endpoint="/slow"} 0');
  gate.open();
  await turn();
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'serval_handler_duration_seconds_bucket{endpoint="/slow",le="0.000001"} 0',
      'serval_handler_duration_seconds_bucket{endpoint="/slow",le="60"} 1',
      'serval_handler_duration_seconds_count{endpoint="/slow"} 1',
    ]),
  );
});

test('counts limits and drops by their names', async () => {
  const { lines } = measure();
  const server = startServer();
  const peer = await server.connect('/chat/blue');
  peer.send(Buffer.from('nobody takes binary'));
  peer.send('x'.repeat(200));
  expect((await peer.closed()).code).toBe(1009);
  const found = await lines();
  expect(found).toContain('serval_limits_hit_total{endpoint="/chat/{room}",limit="maxMessageSize"} 1');
  expect(found).toContain('serval_messages_dropped_total{endpoint="/chat/{room}",reason="no_handler"} 1');
});

test('counts coalesced messages, messages beyond a rate limit and failures of limiters', async () => {
  const { lines } = measure();
  const sessions: Session[] = [];
  const limiter = (excess: 'drop' | 'close'): EndpointLimits => ({
    rateLimits: [{ by: 'session', points: 1, duration: 60, excess }],
  });
  const down = { consume: () => Promise.reject(new Error('no Redis')) };
  const server = new TestServer({
    logger: silent,
    endpoints: [
      endpoint('/prices', { onOpen: (session) => void sessions.push(session) }),
      endpoint('/drop', { limits: limiter('drop'), onText: (text) => text }),
      endpoint('/close', { limits: limiter('close'), onText: (text) => text }),
      endpoint('/down', { limits: { rateLimits: [{ by: 'session', limiter: down }] }, onText: (text) => text }),
    ],
  });
  afterTest(() => server.stop({ grace: 1 }));
  const prices = await server.connect('/prices');
  prices.pause();
  for (const large of ['a', 'b', 'c']) void sessions[0]?.send(large.repeat(40_000));
  for (let price = 0; price < 5; price += 1) void sessions[0]?.send(String(price), { coalesce: 'tea' });
  const [drop, close, failing] = [
    await server.connect('/drop'),
    await server.connect('/close'),
    await server.connect('/down'),
  ];
  for (const peer of [drop, close, failing]) peer.send('1').send('2').send('3');
  expect([await failing.receive(), await failing.receive(), await failing.receive()]).toEqual(['1', '2', '3']);
  expect((await close.closed()).code).toBe(1008);
  prices.resume();
  for (let count = 0; count < 4; count += 1) await prices.receive();
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'serval_messages_coalesced_total{endpoint="/prices"} 4',
      'serval_messages_total{endpoint="/prices",direction="sent"} 4',
      'serval_messages_rate_limited_total{endpoint="/drop",action="drop"} 2',
      'serval_messages_dropped_total{endpoint="/drop",reason="rate_limit"} 2',
      'serval_messages_total{endpoint="/drop",direction="received"} 1',
      'serval_messages_rate_limited_total{endpoint="/close",action="close"} 1',
      'serval_limits_hit_total{endpoint="/close",limit="rateLimits"} 1',
      'serval_rate_limiter_failures_total{endpoint="/down"} 1',
    ]),
  );
});

test('close codes that peers choose share a label', async () => {
  const { lines } = measure();
  const server = startServer();
  for (const code of [3001, 4002, 4003, 1000]) {
    const peer = await server.connect('/chat/blue');
    void peer.close(code);
    await peer.closed();
    await turn();
  }
  const closes = (await lines()).filter((line) => line.startsWith('serval_sessions_closed_total{'));
  expect(closes.sort()).toEqual([
    'serval_sessions_closed_total{endpoint="/chat/{room}",code="1000"} 1',
    'serval_sessions_closed_total{endpoint="/chat/{room}",code="3xxx"} 1',
    'serval_sessions_closed_total{endpoint="/chat/{room}",code="4xxx"} 2',
  ]);
});

test('uses the default registry and another prefix, and JSON as well', async () => {
  const metrics = prometheusMetrics({ prefix: 'chat_' });
  expect((await register.getMetricsAsJSON()).map(({ name }) => name)).toContain('chat_sessions');
  metrics.stop();
  expect(await register.getMetricsAsJSON()).toEqual([]);
});

test('a second call for the same registry says what to do, and leaves the first alone', async () => {
  const { registry, lines } = measure();
  expect(() => prometheusMetrics({ registry })).toThrow(
    'The registry has a metric serval_sessions already. Call prometheusMetrics once for each registry, or with another prefix.',
  );
  const server = startServer();
  await server.connect('/chat/blue');
  expect(await lines()).toContain('serval_sessions{endpoint="/chat/{room}"} 1');
});

test('OpenMetrics names its counters by its rules', async () => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const metrics = prometheusMetrics({ registry });
  const server = startServer();
  await server.connect('/chat/blue');
  const text = await registry.metrics();
  expect(text).toContain('# TYPE serval_messages counter');
  expect(text).toContain('serval_messages_total{endpoint="/chat/{room}",direction="sent"} 0');
  metrics.stop();
  expect(await registry.metrics()).toBe('\n# EOF\n');
});

test('endpoints beyond 500 share a label', async () => {
  const { lines } = measure();
  const server = startServer();
  for (let number = 0; number < 502; number += 1) {
    server.container.addEndpoint(ServerEndpointConfig.Builder.create(Chat, `/generated/${number}`).build());
    await server.connect(`/generated/${number}`);
  }
  const sessions = (await lines()).filter((line) => line.startsWith('serval_sessions{'));
  expect(sessions).toHaveLength(501);
  expect(sessions).toContain('serval_sessions{endpoint="(others)"} 2');
});
