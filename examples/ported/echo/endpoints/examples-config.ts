import { type Endpoint, type EndpointClass, ServerApplicationConfig, ServerEndpointConfig } from 'serval';
import { EchoEndpoint } from './echo-endpoint';

/** Chooses which scanned endpoints are deployed. An endpoint without annotations gets its path here. */
export class ExamplesConfig extends ServerApplicationConfig {
  override getEndpointConfigs(scanned: ReadonlySet<EndpointClass<Endpoint>>): ServerEndpointConfig[] {
    if (!scanned.has(EchoEndpoint)) return [];
    return [ServerEndpointConfig.Builder.create(EchoEndpoint, '/websocket/echoProgrammatic').build()];
  }

  override getAnnotatedEndpointClasses(scanned: ReadonlySet<EndpointClass>): ReadonlySet<EndpointClass> {
    return scanned;
  }
}
