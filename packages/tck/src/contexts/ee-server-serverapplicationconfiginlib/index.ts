import type { TckContext } from '../../context';

export const context: TckContext = { root: '/wsc_ee_server_appconfig_lib_web' };
