import { type DecoderClass, type EndpointClass } from 'serval';
import { PlainServerEndpointConfig } from '../../common/plain-server-endpoint-config';
import { StringBeanTextDecoder } from '../../common/string-bean';
import { JavaPackage } from '../../java-names';
import { WSConfiguredServer } from './servers';

@JavaPackage('ee.server.serverapplicationconfig')
export class UsedServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSConfiguredServer;
  }

  override getPath(): string {
    return '/configured';
  }

  override getDecoders(): readonly DecoderClass[] {
    return [StringBeanTextDecoder];
  }
}

/** Lies beside the other one, and no application config names it. */
@JavaPackage('ee.server.serverapplicationconfig')
export class UnusedServerEndpointConfig extends PlainServerEndpointConfig {
  override getEndpointClass(): EndpointClass {
    return WSConfiguredServer;
  }

  override getPath(): string {
    return '/unusedconfig';
  }
}
