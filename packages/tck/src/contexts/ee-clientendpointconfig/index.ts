import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_ee_clientendpointconfig_web' };
