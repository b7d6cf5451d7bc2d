import { brand } from './brand';
import type { EndpointClass } from './class-type';
import type { Endpoint } from './endpoint';
import type { ServerEndpointConfig } from './server-endpoint-config';

/**
 * Chooses which of the classes that a scan found are deployed.
 *
 * It is a class so that a scan can recognise its implementations.
 *
 * @see WSC-6.2
 */
export abstract class ServerApplicationConfig {
  /** @returns the configurations of the programmatic endpoints to deploy */
  abstract getEndpointConfigs(endpointClasses: ReadonlySet<EndpointClass<Endpoint>>): Iterable<ServerEndpointConfig>;
  /** @returns the annotated classes to deploy */
  abstract getAnnotatedEndpointClasses(scanned: ReadonlySet<EndpointClass>): Iterable<EndpointClass>;
}

brand(ServerApplicationConfig, 'ServerApplicationConfig');
