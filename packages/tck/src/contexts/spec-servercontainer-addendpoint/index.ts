import type { TckContext } from '../../context';

export const context: TckContext = { root: '/websocket_servercontainer_addendpoint_web' };
