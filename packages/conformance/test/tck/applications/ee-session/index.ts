import {
  WSCloseTestServer,
  WSCloseTestServer1,
  WSCloseTestServer2,
  WSTestServer,
  WSTestServerByte,
  WSTestServerPathParam,
  WSTestServerString,
} from '../../common/session-servers';
import type { TckContext } from '../../context';

export const context: TckContext = {
  root: '/ws_session_web',
  endpoints: [
    WSTestServer,
    WSTestServerString,
    WSTestServerByte,
    WSTestServerPathParam,
    WSCloseTestServer,
    WSCloseTestServer1,
    WSCloseTestServer2,
  ],
};
