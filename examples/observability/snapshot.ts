import type { Registry } from 'prom-client';

/** The state of the metrics at one time, as the page draws it. Numbers that end in `Total` only grow. */
export interface Snapshot {
  readonly sessions: number;
  readonly receivedTotal: number;
  readonly sentTotal: number;
  readonly queuedBytes: number;
  readonly errorsTotal: number;
  /** The handled messages by their duration: upper bounds in seconds, and how many took no longer. */
  readonly handlers: readonly (readonly [le: number, countTotal: number])[];
  readonly closes: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
  /** The 99th percentile of the event loop's delay, in milliseconds. */
  readonly loopDelayMs: number;
}

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

/** Reads the registry as Prometheus would, for one endpoint. */
export async function takeSnapshot(registry: Registry, endpoint: string): Promise<Snapshot> {
  const metrics = new Map<string, readonly Value[]>();
  for (const { name, values } of await registry.getMetricsAsJSON()) metrics.set(name, values);
  const all = (name: string): readonly Value[] => metrics.get(name) ?? [];
  const at = (name: string): readonly Value[] => all(name).filter(({ labels }) => labels.endpoint === endpoint);
  const one = (name: string, direction?: string): number =>
    at(name).find(({ labels }) => labels.direction === direction)?.value ?? 0;
  const by = (label: string, values: readonly Value[]): Record<string, number> => {
    const counts: Record<string, number> = Object.create(null) as Record<string, number>;
    for (const { labels, value } of values) {
      const key = String(labels[label]);
      counts[key] = (counts[key] ?? 0) + value;
    }
    return counts;
  };
  return {
    sessions: one('serval_sessions'),
    receivedTotal: one('serval_messages_total', 'received'),
    sentTotal: one('serval_messages_total', 'sent'),
    queuedBytes: one('serval_queued_bytes'),
    errorsTotal: one('serval_handler_errors_total'),
    handlers: at('serval_handler_duration_seconds').flatMap(({ metricName, labels, value }) =>
      metricName?.endsWith('_bucket') === true
        ? [[Number(String(labels.le).replace('+Inf', 'Infinity')), value] as const]
        : [],
    ),
    closes: by('code', at('serval_sessions_closed_total')),
    refusals: by(
      'rule',
      all('serval_handshakes_total').filter(({ labels }) => labels.rule !== ''),
    ),
    limits: by('limit', at('serval_limits_hit_total')),
    loopDelayMs: (all('nodejs_eventloop_lag_p99_seconds')[0]?.value ?? 0) * 1000,
  };
}
