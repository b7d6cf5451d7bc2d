import type { TckContext } from '../../context';
import { servers } from './servers';

export const context: TckContext = { root: '/ws_ee_websocketmessage_web', endpoints: servers };
