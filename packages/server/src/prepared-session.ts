import { describeValue } from '@serval/api/spi';
import { SessionCodecs, type SessionProperties } from '@serval/container';
import { duringHandshake } from './default-configurator';
import type { DeployedEndpoint } from './deployment';
import type { ConnectionEndpointConfig } from './endpoint-config';
import type { WsHandshakeRequest } from './handshake-request';
import { InstanceLease } from './instance-factory';
import type { PendingHandshake } from './pending-handshake';
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
}

/**
 * Creates the endpoint instance and the codecs. If it fails, or the handshake is over by then, it destroys them again.
 *
 * @returns undefined if the client left or was answered in the meantime
 */
export async function prepareSession(
  context: UpgradeContext,
  routed: RoutedRequest,
  config: ConnectionEndpointConfig,
  request: WsHandshakeRequest,
  pending: PendingHandshake,
): Promise<PreparedSession | undefined> {
  const { policy, instanceFactory } = context;
  const { endpoint } = routed;
  const lease = instanceFactory && new InstanceLease(instanceFactory);
  try {
    // 14. The endpoint instance.
    const creating = lease === undefined ? policy : { ...policy, createInstance: lease.create.bind(lease) };
    const instance = await duringHandshake(request, creating, () =>
      config.getConfigurator().getEndpointInstance(endpoint.plan.endpointClass, request),
    );
    if (typeof instance !== 'object' || instance === null) throw noInstance(endpoint, instance);
    if (!pending.isOver) {
      // 15. Tomcat's settings among the user properties.
      const userProperties = config.hasUserProperties
        ? context.container.sessionProperties(config.getUserProperties())
        : undefined;
      // 16. The codecs.
      const codecs = await SessionCodecs.create(endpoint.plan.codecs, config);
      if (!pending.isOver) return { instance, lease, config, userProperties, codecs };
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

function noInstance(endpoint: DeployedEndpoint, found: unknown): Error {
  return new Error(
    `getEndpointInstance for ${endpoint.plan.name} returned ${describeValue(found)}; expected an object.`,
  );
}
