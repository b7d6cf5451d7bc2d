import { tracingChannel } from 'node:diagnostics_channel';
import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import { HANDSHAKE_CHANNEL, type TracedHandshake } from '@serval/server';
import { Measurements, type EndpointMeasurements } from './measurements';
import { subscribeAll, type Api } from './telemetry-subscriptions';

// The bounds that the semantic conventions advise for HTTP, and finer ones for handlers.
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const HANDLER_SECONDS = [0.0001, 0.0005, 0.001, ...HTTP_SECONDS];
const SESSION_SECONDS = [1, 10, 60, 300, 1800, 3600, 21_600, 86_400];

/** Makes the metrics. @returns a function that ends it */
export function measure(api: Api, meter: Meter, handlerDuration: boolean): () => void {
  const histogram = (name: string, description: string, bounds: readonly number[]) =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: [...bounds] } });
  const sessions = histogram('serval.session.duration', 'Duration of the sessions that are over', SESSION_SECONDS);
  const handlers = handlerDuration
    ? histogram(
        'serval.handler.duration',
        'From the arrival of a message until its handler has settled',
        HANDLER_SECONDS,
      )
    : undefined;
  /** One object for each endpoint, which the SDK still has to compare with others. */
  const attributes = new WeakMap<EndpointMeasurements, Attributes>();
  const attributesOf = (at: EndpointMeasurements): Attributes => {
    let found = attributes.get(at);
    if (found === undefined) attributes.set(at, (found = { 'serval.endpoint': at.endpoint }));
    return found;
  };
  const measurements = new Measurements(
    { handler: [], session: [] },
    {
      closed: (at, seconds, code) => sessions.record(seconds, { ...attributesOf(at), 'serval.close.code': code }),
      ...(handlers !== undefined && {
        handled: (at: EndpointMeasurements, seconds: number, error: Error | undefined) =>
          handlers.record(
            seconds,
            error === undefined ? attributesOf(at) : { ...attributesOf(at), 'error.type': error.name },
          ),
      }),
    },
    (error) => api.diag.error('serval/opentelemetry:', error),
  );
  const stopObserving = observe(meter, measurements);
  const stopHandshakes = measureHandshakes(api, meter);
  measurements.start({ handlers: handlerDuration });
  return () => {
    measurements.stop();
    stopHandshakes();
    stopObserving();
  };
}

/** By the semantic conventions of HTTP servers; instrumentations of node:http see no upgrades. */
function measureHandshakes(api: Api, meter: Meter): () => void {
  const duration = meter.createHistogram('http.server.request.duration', {
    description: 'Duration of HTTP server requests',
    unit: 's',
    advice: { explicitBucketBoundaries: HTTP_SECONDS },
  });
  const begun = new WeakMap<TracedHandshake, number>();
  const channels = tracingChannel(HANDSHAKE_CHANNEL);
  return subscribeAll(api, [
    [channels.start, (handshake) => begun.set(handshake as TracedHandshake, performance.now())],
    [
      channels.asyncEnd,
      (event) => {
        const handshake = event as TracedHandshake;
        const { request, template, status } = handshake;
        const begunAt = begun.get(handshake);
        if (begunAt === undefined) return;
        const isFailure = status === undefined || status >= 500;
        duration.record((performance.now() - begunAt) / 1000, {
          'http.request.method': request.method,
          'http.route': template,
          'url.scheme': request.isSecure ? 'https' : 'http',
          'network.protocol.version': request.httpVersion,
          ...(status !== undefined && { 'http.response.status_code': status }),
          ...(isFailure && { 'error.type': status === undefined ? 'client_left' : String(status) }),
        });
      },
    ],
  ]);
}

/** The metrics that are read when they are exported. */
function observe(meter: Meter, measurements: Measurements): () => void {
  const stops: (() => void)[] = [];
  const add = (
    kind: 'ObservableCounter' | 'ObservableUpDownCounter',
    name: string,
    unit: string,
    description: string,
    read: (result: ObservableResult) => void,
  ): void => {
    const instrument = meter[`create${kind}`](name, { unit, description });
    instrument.addCallback(read);
    stops.push(() => instrument.removeCallback(read));
  };
  const each = (read: (at: EndpointMeasurements, report: (value: number, more?: Attributes) => void) => void) => {
    return (result: ObservableResult): void => {
      for (const at of measurements.endpoints)
        read(at, (value, more) => result.observe(value, { 'serval.endpoint': at.endpoint, ...more }));
    };
  };
  add(
    'ObservableUpDownCounter',
    'serval.sessions',
    '{session}',
    'Sessions that are not over',
    each((at, report) => report(at.live.size)),
  );
  add(
    'ObservableCounter',
    'serval.messages',
    '{message}',
    'Messages, received and sent',
    each(({ totals }, report) => {
      report(totals.receivedMessages, { 'network.io.direction': 'receive' });
      report(totals.sentMessages, { 'network.io.direction': 'transmit' });
    }),
  );
  add(
    'ObservableCounter',
    'serval.message.io',
    'By',
    'Bytes of payload, received and sent, without compression',
    each(({ totals }, report) => {
      report(totals.receivedBytes, { 'network.io.direction': 'receive' });
      report(totals.sentBytes, { 'network.io.direction': 'transmit' });
    }),
  );
  add('ObservableCounter', 'serval.handshakes', '{handshake}', 'Handshakes, by status and rule', (result) => {
    for (const { labels, count } of measurements.handshakes) {
      result.observe(count, {
        ...(labels.endpoint !== '' && { 'http.route': labels.endpoint }),
        'http.response.status_code': Number(labels.status),
        ...(labels.rule !== '' && { 'serval.rule': labels.rule }),
      });
    }
  });
  add(
    'ObservableCounter',
    'serval.limits',
    '{hit}',
    'Limits that were hit, by the name of the option',
    each((at, report) => {
      for (const [limit, count] of at.limits) report(count, { 'serval.limit': limit });
    }),
  );
  add(
    'ObservableCounter',
    'serval.messages.dropped',
    '{message}',
    'Messages that queueOverflow (queue) or a rate limit (rate_limit) dropped, or that have no handler (no_handler)',
    each((at, report) => {
      for (const [reason, count] of at.drops) report(count, { 'serval.reason': reason });
    }),
  );
  add(
    'ObservableCounter',
    'serval.messages.coalesced',
    '{message}',
    'Messages that a newer one with the same key replaced while they waited',
    each(({ totals }, report) => report(totals.coalescedMessages)),
  );
  add(
    'ObservableCounter',
    'serval.messages.rate_limited',
    '{message}',
    'Messages beyond a rate limit, by what happened to them',
    each((at, report) => {
      for (const [action, count] of at.rateLimited) report(count, { 'serval.action': action });
    }),
  );
  add(
    'ObservableCounter',
    'serval.rate_limiter.failures',
    '{failure}',
    'Failures of the limiters of rateLimits',
    each((at, report) => report(at.limiterFailures)),
  );
  add(
    'ObservableUpDownCounter',
    'serval.queue.messages',
    '{message}',
    'Messages that wait to be written to slow peers',
    each(({ queued }, report) => report(queued.messages)),
  );
  add(
    'ObservableUpDownCounter',
    'serval.queue.io',
    'By',
    'Bytes that wait to be written to slow peers',
    each(({ queued }, report) => report(queued.bytes)),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
