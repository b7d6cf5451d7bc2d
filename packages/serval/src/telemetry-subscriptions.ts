import type { Channel } from 'node:diagnostics_channel';
import type * as OpenTelemetryApi from '@opentelemetry/api';

/** The OpenTelemetry API, which is loaded when it is used. */
export type Api = typeof OpenTelemetryApi;

/** A channel and a listener on it. */
export type Subscription = readonly [channel: Channel, listener: (event: unknown) => void];

/**
 * Subscribes to channels. An exception of a listener would end the process; it goes to the SDK's own log instead.
 *
 * @returns a function that unsubscribes
 */
export function subscribeAll({ diag }: Api, subscriptions: readonly Subscription[]): () => void {
  const guarded = subscriptions.map(([channel, listener]) => {
    const guard = (event: unknown): void => {
      try {
        listener(event);
      } catch (error) {
        diag.error('serval/opentelemetry:', error);
      }
    };
    channel.subscribe(guard);
    return [channel, guard] as const;
  });
  return () => {
    for (const [channel, guard] of guarded) channel.unsubscribe(guard);
  };
}
