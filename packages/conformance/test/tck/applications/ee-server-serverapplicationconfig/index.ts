import { scan } from '../../common/scan';
import type { TckContext } from '../../context';

export const context: TckContext = {
  root: '/ws_ee_jakarta_websocket_server_appconfig_web',
  deploy: (container) => scan(container, 'ee-server-serverapplicationconfig/*'),
};
