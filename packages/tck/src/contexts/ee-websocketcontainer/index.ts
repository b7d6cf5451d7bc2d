import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_websocketcontainer_web' };
