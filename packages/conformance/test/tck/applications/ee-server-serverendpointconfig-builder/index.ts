import { scan } from '../../common/scan';
import type { TckContext } from '../../context';

/** Java's application has the packages of serverendpointconfig and configurator in it, too. */
export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_server_serverendpointconfig_builder_web',
  deploy: (container) =>
    scan(
      container,
      'ee-server-serverendpointconfig/*',
      'ee-server-serverendpointconfig-builder/*',
      'ee-server-serverendpointconfig-configurator/*',
    ),
};
