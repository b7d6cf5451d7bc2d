import { loggerWithoutWarnings } from '../../common/logger-without-warnings';
import type { TckContext } from '../../context';
import { servers } from './servers';

export const context: TckContext = {
  root: '/ws_ee_websocketmessage_web',
  options: { logger: loggerWithoutWarnings },
  endpoints: servers,
};
