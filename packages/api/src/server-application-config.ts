import { brand } from './brand';
import type { EndpointClass } from './class-type';
import type { Endpoint } from './endpoint';
import type { ServerEndpointConfig } from './server-endpoint-config';

/**
 * Chooses, of the classes that a scan has found, those to deploy.
 *
 * A class, so that a scan can tell its implementations from other classes.
 *
 * @see WSC-6.2
 */
export abstract class ServerApplicationConfig {
  /** @returns configurations of programmatic endpoints to deploy */
  abstract getEndpointConfigs(endpointClasses: ReadonlySet<EndpointClass<Endpoint>>): Iterable<ServerEndpointConfig>;
  /** @returns annotated classes to deploy */
  abstract getAnnotatedEndpointClasses(scanned: ReadonlySet<EndpointClass>): Iterable<EndpointClass>;
}

brand(ServerApplicationConfig, 'ServerApplicationConfig');
