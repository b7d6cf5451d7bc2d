import type { TckContext } from '../../context';

export const context: TckContext = { root: '/wsc_ee_jakarta_websocket_remoteendpoint_usercoder_async_web' };
