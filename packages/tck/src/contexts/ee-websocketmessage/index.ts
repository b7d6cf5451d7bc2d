import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_ee_websocketmessage_web' };
