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

/** In Java a ServletContextListener does this, and the ServerApplicationConfig deploys nothing. */
export const context: TckContext = {
  root: '/websocket_servercontainer_addendpoint_web',
  deploy(container) {
    container.addEndpoint(WSTestServer);
    container.addEndpoint(WSCloseTestServer);
    container.addEndpoint(WSCloseTestServer1);
    container.addEndpoint(WSCloseTestServer2);
    container.addEndpoint(WSTestServerByte);
    container.addEndpoint(WSTestServerPathParam);
    container.addEndpoint(WSTestServerString);
  },
};
