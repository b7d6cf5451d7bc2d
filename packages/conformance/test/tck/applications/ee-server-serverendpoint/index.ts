import type { TckContext } from '../../context';
import {
  WSConfiguredServer,
  WSCountConfiguratorInstancesFirstServer,
  WSCountConfiguratorInstancesSecondServer,
  WSDecodedServer,
  WSDefaultServer,
  WSEncodedServer,
  WSSubprotocoledServer,
} from './servers';

export const context: TckContext = {
  root: '/wsc_ee_server_serverendpoint_web',
  endpoints: [
    WSDefaultServer,
    WSConfiguredServer,
    WSDecodedServer,
    WSEncodedServer,
    WSSubprotocoledServer,
    WSCountConfiguratorInstancesFirstServer,
    WSCountConfiguratorInstancesSecondServer,
  ],
};
