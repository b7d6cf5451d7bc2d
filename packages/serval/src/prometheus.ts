import { hasMethods, kind, loadLazily, readArgument, type OptionTable } from '@serval/api/spi';
import type * as PromClient from 'prom-client';
import { Measurements, type Buckets, type EndpointMeasurements, type Totals } from './measurements';

/** A registry of prom-client, as far as it is used. */
export interface MetricsRegistry {
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

/** The options of {@link prometheusMetrics}; everything has a default. */
export interface PrometheusOptions {
  /** The registry that gets the metrics. Default: the default registry of prom-client. */
  readonly registry?: MetricsRegistry | undefined;
  /** Stands before each name. Default `'serval_'`. */
  readonly prefix?: string | undefined;
  /** The upper bounds of the handlers' durations, in seconds, ascending. Default: 0.1 ms to 10 s. */
  readonly handlerBuckets?: readonly number[] | undefined;
}

/** Ends the measuring, and removes the metrics from their registry. */
export interface PrometheusMetrics {
  stop(): void;
  [Symbol.dispose](): void;
}

const HANDLER_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const SESSION_SECONDS = [1, 10, 60, 300, 1800, 3600, 21_600, 86_400];

const BUCKETS = kind(
  'a list of numbers, ascending',
  (value): value is readonly number[] =>
    Array.isArray(value) &&
    value.every((bound, index) => typeof bound === 'number' && bound > (index === 0 ? 0 : Number(value[index - 1]))),
);

const PROMETHEUS_OPTIONS = {
  registry: kind('a registry of prom-client', isRegistry),
  prefix: {
    // https://prometheus.io/docs/concepts/data_model
    ...kind(
      'the beginning of a name: letters, digits, _ and :',
      (value): value is string => typeof value === 'string' && /^(?:[a-z_:][\w:]*)?$/i.test(value),
    ),
    default: 'serval_',
  },
  handlerBuckets: { ...BUCKETS, default: HANDLER_SECONDS },
} satisfies OptionTable<PrometheusOptions>;

function isRegistry(value: unknown): value is MetricsRegistry {
  return hasMethods(value, 'registerMetric', 'getSingleMetric', 'removeSingleMetric');
}

interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Default: the metric's name. */
  readonly metricName?: string;
}

/**
 * Measures all sessions of the process, of servers and of clients, and registers the metrics with prom-client. Call it
 * before the first session opens: sessions that exist already are not counted.
 *
 * It adds nothing for the event loop and for memory; `collectDefaultMetrics` of prom-client has both.
 *
 * @throws IllegalArgumentException when an option is wrong
 * @throws DeploymentException when prom-client is missing
 * @throws Error when a metric with one of the names is registered already
 *
 * @example
 * prometheusMetrics();
 * app.get('/metrics', async (_request, response) => response.type('text/plain').send(await register.metrics()));
 */
export function prometheusMetrics(options: PrometheusOptions = {}): PrometheusMetrics {
  const read = readArgument('prometheusMetrics', PROMETHEUS_OPTIONS, options, "{ prefix: 'chat_' }");
  const { prefix, handlerBuckets, registry = defaultRegistry() } = read;
  const measurements = new Measurements({ handler: handlerBuckets, session: SESSION_SECONDS });
  const metrics = metricsOf(measurements, prefix);
  const taken = metrics.find(({ name }) => registry.getSingleMetric(name) !== undefined);
  if (taken !== undefined) {
    throw new Error(
      `The registry has a metric ${taken.name} already. Call prometheusMetrics once for each registry, or with another prefix.`,
    );
  }
  // The registry reads a metric's name, and calls get() and reset(). The metrics of prom-client itself look for a label at
  // each observation, which is more than a handler may cost.
  for (const metric of metrics) registry.registerMetric(metric as never);
  // A registry of OpenMetrics renames its counters.
  const names = metrics.map(({ name }) => name);
  measurements.start();
  const stop = (): void => {
    measurements.stop();
    for (const name of names) registry.removeSingleMetric(name);
  };
  return { stop, [Symbol.dispose]: stop };
}

function defaultRegistry(): MetricsRegistry {
  const client = loadLazily('prom-client', 'serval/prometheus', () => require('prom-client') as typeof PromClient);
  return client.register;
}

/** A metric that is read from the measurements when the registry is. */
class MeasuredMetric {
  readonly aggregator = 'sum';

  constructor(
    readonly name: string,
    readonly type: 'counter' | 'gauge' | 'histogram',
    readonly help: string,
    private readonly read: () => readonly Value[],
  ) {}

  get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values: this.read() });
  }

  /** Counters of sessions that live cannot begin again. */
  reset(): void {}
}

function metricsOf(measurements: Measurements, prefix: string): readonly MeasuredMetric[] {
  /** One value for each endpoint, or several. */
  const each = (values: (at: EndpointMeasurements) => readonly Value[]) => (): Value[] =>
    [...measurements.endpoints].flatMap((at) =>
      values(at).map((value) => ({ ...value, labels: { endpoint: at.endpoint, ...value.labels } })),
    );
  const counter = (name: string, help: string, read: () => readonly Value[]): MeasuredMetric =>
    new MeasuredMetric(prefix + name, 'counter', help, read);
  const gauge = (name: string, help: string, value: (at: EndpointMeasurements) => number): MeasuredMetric =>
    new MeasuredMetric(
      prefix + name,
      'gauge',
      help,
      each((at) => [{ labels: {}, value: value(at) }]),
    );
  const histogram = (name: string, help: string, buckets: (at: EndpointMeasurements) => Buckets): MeasuredMetric =>
    new MeasuredMetric(
      prefix + name,
      'histogram',
      help,
      each((at) => bucketValues(prefix + name, buckets(at))),
    );
  return [
    gauge('sessions', 'Sessions that are not over', (at) => at.live.size),
    counter(
      'sessions_closed_total',
      'Sessions that are over, by close code',
      each((at) => labelled('code', at.closes)),
    ),
    histogram('session_duration_seconds', 'Duration of the sessions that are over', (at) => at.sessionSeconds),
    counter(
      'messages_total',
      'Messages, received and sent',
      each(({ totals }) => directions(totals, 'receivedMessages', 'sentMessages')),
    ),
    counter(
      'message_bytes_total',
      'Bytes of payload, received and sent, without compression',
      each(({ totals }) => directions(totals, 'receivedBytes', 'sentBytes')),
    ),
    histogram(
      'handler_duration_seconds',
      'From the arrival of a message until its handler has settled',
      (at) => at.handlerSeconds,
    ),
    counter(
      'handler_errors_total',
      'Messages whose decoder or handler threw',
      each((at) => [{ labels: {}, value: at.handlerErrors }]),
    ),
    counter('handshakes_total', 'Handshakes, by status, and by the rule that refused them', () =>
      [...measurements.handshakes].map(({ labels, count }) => ({ labels: { ...labels }, value: count })),
    ),
    counter(
      'limits_hit_total',
      'Limits that were hit, by the name of the option',
      each((at) => labelled('limit', at.limits)),
    ),
    counter(
      'messages_dropped_total',
      'Messages that queueOverflow (queue) or a rate limit (rate_limit) dropped, or that have no handler (no_handler)',
      each((at) => labelled('reason', at.drops)),
    ),
    counter(
      'messages_coalesced_total',
      'Messages that a newer one with the same key replaced while they waited',
      each(({ totals }) => [{ labels: {}, value: totals.coalescedMessages }]),
    ),
    counter(
      'messages_rate_limited_total',
      'Messages beyond a rate limit, by what happened to them',
      each((at) => labelled('action', at.rateLimited)),
    ),
    counter(
      'rate_limiter_failures_total',
      'Failures of the limiters of rateLimits',
      each((at) => [{ labels: {}, value: at.limiterFailures }]),
    ),
    gauge('queued_messages', 'Messages that wait to be written to slow peers', ({ queued }) => queued.messages),
    gauge('queued_bytes', 'Bytes that wait to be written to slow peers', ({ queued }) => queued.bytes),
  ];
}

function labelled(label: string, counts: Iterable<readonly [string, number]>): Value[] {
  return [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function directions(totals: Totals, received: keyof Totals, sent: keyof Totals): readonly Value[] {
  return [
    { labels: { direction: 'received' }, value: totals[received] },
    { labels: { direction: 'sent' }, value: totals[sent] },
  ];
}

function bucketValues(name: string, { bounds, counts, count, sum }: Buckets): Value[] {
  let cumulative = 0;
  const values = bounds.map((bound, index) => {
    cumulative += counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le: String(bound) }, value: cumulative };
  });
  return [
    ...values,
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}
