import { createExtension, ServerApplicationConfig, ServerEndpointConfig, type EndpointClass } from 'serval';
import {
  StringBeanBinaryDecoder,
  StringBeanBinaryEncoder,
  StringBeanBinaryStreamDecoder,
  StringBeanBinaryStreamEncoder,
  StringBeanTextDecoder,
  StringBeanTextEncoder,
  StringBeanTextStreamDecoder,
  StringBeanTextStreamEncoder,
} from '../../common/string-bean';
import { JavaName, JavaPackage } from '../../java-names';
import { ServerEndpointConfigConfigurator } from '../ee-server-serverendpointconfig/configurators';
import { WSCommonServer } from './common-server';

/** Anonymous in Java, inside of AppConfig. */
@JavaName('ee.jakarta.tck.websocket.ee.server.serverendpointconfig.builder.AppConfig$1')
class AnonymousConfigurator extends ServerEndpointConfig.Configurator {}

const CONFIG = new AnonymousConfigurator();

/** One endpoint class, deployed five times; everything else comes from the builder. */
@JavaPackage('ee.server.serverendpointconfig.builder')
export class AppConfig extends ServerApplicationConfig {
  override getEndpointConfigs(): Iterable<ServerEndpointConfig> {
    const { Builder } = ServerEndpointConfig;
    return [
      Builder.create(WSCommonServer, '/builder/subprotocols').subprotocols(['abc', 'def']).configurator(CONFIG).build(),
      Builder.create(WSCommonServer, '/builder/configurator')
        .configurator(new ServerEndpointConfigConfigurator())
        .build(),
      Builder.create(WSCommonServer, '/builder/extensions')
        .configurator(CONFIG)
        .extensions([createExtension('empty'), createExtension('secondEmpty')])
        .build(),
      Builder.create(WSCommonServer, '/builder/decoders')
        .decoders([
          StringBeanBinaryStreamDecoder,
          StringBeanTextDecoder,
          StringBeanBinaryDecoder,
          StringBeanTextStreamDecoder,
        ])
        .configurator(CONFIG)
        .build(),
      Builder.create(WSCommonServer, '/builder/encoders')
        .encoders([
          StringBeanTextStreamEncoder,
          StringBeanBinaryEncoder,
          StringBeanTextEncoder,
          StringBeanBinaryStreamEncoder,
        ])
        .configurator(CONFIG)
        .build(),
    ];
  }

  override getAnnotatedEndpointClasses(): Iterable<EndpointClass> {
    return [];
  }
}
