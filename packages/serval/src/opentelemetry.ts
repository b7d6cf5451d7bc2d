import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { FLAG, hasMethods, kind, loadLazily, readArgument, type OptionKind, type OptionTable } from '@serval/api/spi';
import { measure } from './telemetry-metrics';
import type { Api } from './telemetry-subscriptions';
import { traceSessions } from './telemetry-traces';

/** The options of {@link openTelemetry}; everything has a default. */
export interface OpenTelemetryOptions {
  /** Default: the provider that the SDK registered. */
  readonly tracerProvider?: { getTracer(name: string): object } | undefined;
  /** Default: the provider that the SDK registered. */
  readonly meterProvider?: { getMeter(name: string): object } | undefined;
  /** Whether to trace. Default true. */
  readonly traces?: boolean | undefined;
  /** Whether to measure. Default true. */
  readonly metrics?: boolean | undefined;
  /**
   * The spans of messages: in the trace of their session's handshake (`'handshake'`), one trace for each
   * (`'separate'`), or none (`false`). Sessions with many messages make long traces. Default `'handshake'`.
   */
  readonly messageSpans?: 'handshake' | 'separate' | false | undefined;
  /**
   * Whether to measure the durations of handlers. The SDK's histogram costs about a microsecond for each message; the other
   * metrics are read only when they are exported. Default true.
   */
  readonly handlerDuration?: boolean | undefined;
}

const provider = (method: 'getTracer' | 'getMeter') =>
  kind(`a provider with the method ${method}`, (value): value is object => hasMethods(value, method));

const SPANS: OptionKind<'handshake' | 'separate' | false> = kind(
  "'handshake', 'separate' or false",
  (value): value is 'handshake' | 'separate' | false =>
    value === 'handshake' || value === 'separate' || value === false,
);

const OPEN_TELEMETRY_OPTIONS = {
  tracerProvider: provider('getTracer'),
  meterProvider: provider('getMeter'),
  traces: { ...FLAG, default: true },
  metrics: { ...FLAG, default: true },
  messageSpans: { ...SPANS, default: 'handshake' },
  handlerDuration: { ...FLAG, default: true },
} satisfies OptionTable<OpenTelemetryOptions>;

/** Ends the spans that are open, and traces and measures nothing more. */
export interface OpenTelemetry {
  stop(): void;
  [Symbol.dispose](): void;
}

/**
 * Traces and measures all handshakes, sessions and messages of the process by the OpenTelemetry API. Call it after the SDK
 * is registered and before the first session opens. An exporter that fails loses telemetry and nothing else.
 *
 * @throws IllegalArgumentException when an option is wrong
 * @throws DeploymentException when `@opentelemetry/api` is missing
 *
 * @example
 * openTelemetry({ messageSpans: false });
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetry {
  const read = readArgument('openTelemetry', OPEN_TELEMETRY_OPTIONS, options, '{ messageSpans: false }');
  const { traces, metrics, messageSpans, handlerDuration, meterProvider, tracerProvider } = read;
  const api = loadLazily('@opentelemetry/api', 'serval/opentelemetry', () => require('@opentelemetry/api') as Api);
  const stops: (() => void)[] = [];
  if (metrics) {
    // Their own types are those of the user's version of the API.
    const meters = (meterProvider as MeterProvider | undefined) ?? api.metrics.getMeterProvider();
    stops.push(measure(api, meters.getMeter('serval'), handlerDuration));
  }
  if (traces) {
    const tracers = (tracerProvider as TracerProvider | undefined) ?? api.trace.getTracerProvider();
    stops.push(traceSessions(api, tracers.getTracer('serval'), messageSpans));
  }
  const stop = (): void => {
    for (const end of stops.splice(0)) end();
  };
  return { stop, [Symbol.dispose]: stop };
}
