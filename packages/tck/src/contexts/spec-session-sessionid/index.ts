import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_spec_sessionid_web' };
