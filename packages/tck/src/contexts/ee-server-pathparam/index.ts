import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_ee_jakarta_websocket_server_pathparam_web' };
