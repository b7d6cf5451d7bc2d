import type { TckContext } from '../../context';

export const context: TckContext = { root: '/ee_java_websocket_throwingcoder_annotated_web' };
