import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_spec_upgradehttp_web' };
