import type { TckContext } from '../../context';
import { returningServers, WSDirectByteBufferServer } from './servers';

export const context: TckContext = {
  root: '/ws_ee_websocketmessagereturntype_web',
  endpoints: [...returningServers, WSDirectByteBufferServer],
};
