import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ws_session_web' };
