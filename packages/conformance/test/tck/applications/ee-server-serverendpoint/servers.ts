import { EndpointConfig, OnMessage, OnOpen, ServerEndpoint } from 'serval';
import { answerAbout, asServerEndpointConfig } from '../../common/endpoint-config-answers';
import { ErrorReporter } from '../../common/error-reporter';
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
import { JavaPackage } from '../../java-names';
import { CountingConfigurator, SimpleConfigurator } from './configurators';

/**
 * Tells what stands in the annotation of its subclass.
 *
 * Differs from Java, which reads the annotation by reflection: the configuration that the container has made of it tells
 * the same.
 */
abstract class WSAbstractServer extends ErrorReporter {
  #config: EndpointConfig | undefined;

  @OnOpen
  onOpen(config: EndpointConfig): void {
    this.#config = config;
  }

  @OnMessage
  operation(op: string): string | undefined {
    const config = asServerEndpointConfig(this.#config);
    switch (op) {
      case 'value':
        return answerAbout(config, 'path');
      case 'subprotocols':
        return `{${answerAbout(config, op)}}`;
      default:
        return answerAbout(config, op);
    }
  }
}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/default')
export class WSDefaultServer extends WSAbstractServer {}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/configured', { configurator: SimpleConfigurator })
export class WSConfiguredServer extends WSAbstractServer {}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/decoded', {
  decoders: [
    StringBeanBinaryStreamDecoder,
    StringBeanTextDecoder,
    StringBeanBinaryDecoder,
    StringBeanTextStreamDecoder,
  ],
})
export class WSDecodedServer extends WSAbstractServer {}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/encoded', {
  encoders: [
    StringBeanTextStreamEncoder,
    StringBeanBinaryEncoder,
    StringBeanTextEncoder,
    StringBeanBinaryStreamEncoder,
  ],
})
export class WSEncodedServer extends WSAbstractServer {}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/subprotocoled', { subprotocols: ['def', 'abc', 'ghi'] })
export class WSSubprotocoledServer extends WSAbstractServer {}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/countone', { configurator: CountingConfigurator })
export class WSCountConfiguratorInstancesFirstServer {
  @OnMessage
  getCountingConfiguratorValue(_entity: string): string {
    return String(CountingConfigurator.getCounterValue());
  }
}

@JavaPackage('ee.server.serverendpoint')
@ServerEndpoint('/counttwo', { configurator: CountingConfigurator })
export class WSCountConfiguratorInstancesSecondServer {
  @OnMessage
  getCountingConfiguratorValue(_op: string): string {
    return String(CountingConfigurator.getCounterValue());
  }
}
