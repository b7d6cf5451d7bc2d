import { loggerWithoutWarnings } from '../../common/logger-without-warnings';
import type { TckContext } from '../../context';
import { WSOnClosePathParamServer } from './on-close-server';
import { stringServers } from './string-servers';
import {
  WS0StringPathParamServer,
  WS2DifferentPathParamsServer,
  WS2FullDifferentPathParamsServer,
  WSDirectLongPathParamServer,
} from './typed-servers';

export const context: TckContext = {
  root: '/ws_ee_jakarta_websocket_server_pathparam_web',
  options: { logger: loggerWithoutWarnings },
  endpoints: [
    ...stringServers,
    WS0StringPathParamServer,
    WS2DifferentPathParamsServer,
    WS2FullDifferentPathParamsServer,
    WSDirectLongPathParamServer,
    WSOnClosePathParamServer,
  ],
};
