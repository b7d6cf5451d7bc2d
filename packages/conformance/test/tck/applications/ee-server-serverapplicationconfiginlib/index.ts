import { scan } from '../../common/scan';
import type { TckContext } from '../../context';

/** The endpoints of serverapplicationconfig; the application configs come from a library, here from a separate folder. */
export const context: TckContext = {
  root: '/wsc_ee_server_appconfig_lib_web',
  deploy: (container) =>
    scan(
      container,
      'ee-server-serverapplicationconfig/{servers,endpoint-configs}',
      'ee-server-serverapplicationconfiginlib/*',
    ),
};
