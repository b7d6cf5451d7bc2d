import { ServerEndpointConfig } from 'serval';
import { JavaPackage } from '../../java-names';

@JavaPackage('ee.server.serverendpoint')
export class SimpleConfigurator extends ServerEndpointConfig.Configurator {}

/** Counts its instances: the container makes one for each endpoint. */
@JavaPackage('ee.server.serverendpoint')
export class CountingConfigurator extends ServerEndpointConfig.Configurator {
  private static instances = 0;

  constructor() {
    super();
    CountingConfigurator.instances += 1;
  }

  static getCounterValue(): number {
    return CountingConfigurator.instances;
  }
}
