import type { ReadRateLimit } from '@serval/api/spi';
import type { SessionCodecs, SessionProperties } from '@serval/container';
import type { ConnectionEndpointConfig } from './endpoint-config';
import { endpointInstance, sessionCodecs, type Negotiation } from './handshake-calls';
import { InstanceLease } from './instance-factory';
import type { PendingHandshake } from './pending-handshake';
import { rateLimitsOf } from './rate-limits';
import type { RoutedRequest, UpgradeContext } from './routed-request';
import { reportLate } from './upgrade-refusal';

/** The objects that user code created for a session that is about to open. */
export interface PreparedSession {
  readonly instance: object;
  /** Undefined if nothing destroys the instance. */
  readonly lease: InstanceLease | undefined;
  readonly config: ConnectionEndpointConfig;
  readonly userProperties: SessionProperties | undefined;
  readonly codecs: SessionCodecs;
  readonly rateLimits: readonly ReadRateLimit[];
}

/**
 * Creates the endpoint instance and the codecs. If it fails, or the handshake is over by then, it destroys them again.
 *
 * @returns undefined if the client left or was answered in the meantime
 */
export async function prepareSession(
  negotiation: Negotiation,
  routed: RoutedRequest,
  pending: PendingHandshake,
): Promise<PreparedSession | undefined> {
  const { context, config } = negotiation;
  const { instanceFactory } = context;
  const lease = instanceFactory && new InstanceLease(instanceFactory);
  try {
    // 14. The endpoint instance.
    const instance = await endpointInstance(negotiation, routed, lease);
    const rateLimits = rateLimitsOf(config, context.rateLimits);
    if (!pending.isOver) {
      // 15. Tomcat's settings among the user properties.
      const userProperties = config.hasUserProperties
        ? context.container.sessionProperties(config.getUserProperties())
        : undefined;
      // 16. The codecs.
      const codecs = await sessionCodecs(negotiation, routed);
      if (!pending.isOver) return { instance, lease, config, userProperties, codecs, rateLimits };
      await codecs.destroy();
    }
  } catch (thrown) {
    await endLease(context, routed, lease);
    throw thrown;
  }
  await endLease(context, routed, lease);
  return undefined;
}

/** Destroys what user code created for a session that does not open. */
export async function discard(
  context: UpgradeContext,
  routed: RoutedRequest,
  prepared: PreparedSession,
): Promise<void> {
  await prepared.codecs.destroy();
  await endLease(context, routed, prepared.lease);
}

async function endLease(
  context: UpgradeContext,
  routed: RoutedRequest,
  lease: InstanceLease | undefined,
): Promise<void> {
  if (lease === undefined) return;
  for (const error of await lease.end()) reportLate(context, routed, error);
}
