import { scan } from '../../common/scan';
import type { TckContext } from '../../context';

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_server_serverendpointconfig_configurator_web',
  deploy: (container) => scan(container, 'ee-server-serverendpointconfig-configurator/*'),
};
