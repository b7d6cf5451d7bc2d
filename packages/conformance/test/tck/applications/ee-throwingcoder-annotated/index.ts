import type { TckContext } from '../../context';
import { servers } from './servers';

export const context: TckContext = { root: '/ee_java_websocket_throwingcoder_annotated_web', endpoints: servers };
