import type { TckContext } from '../../context';

export const context: TckContext = { root: '/wsc_ee_jakarta_websocket_server_serverendpointconfig_builder_web' };
