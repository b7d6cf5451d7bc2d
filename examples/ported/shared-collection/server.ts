import { Server } from 'serval';
import { main } from '../../main';
import { servePages } from '../../pages';
import { SharedCollectionEndpoint } from './shared-collection-endpoint';
import { serveCollection } from './shared-collection-resource';

const CONTEXT_PATH = '/sample-shared-collection';

/** Below `/sample-shared-collection`: the pages, the endpoint `/ws/collection` and the resource `/rest/collection`. */
export function start(port: number): Promise<Server> {
  const servePage = servePages('ported/shared-collection', `${CONTEXT_PATH}/`);
  return new Server({
    port,
    contextPath: CONTEXT_PATH,
    endpoints: [SharedCollectionEndpoint],
    requestListener: (request, response) => {
      if (request.url === `${CONTEXT_PATH}/rest/collection`) serveCollection(request, response);
      else servePage(request, response);
    },
  }).start();
}

if (require.main === module) void main(start, `http://localhost${CONTEXT_PATH}/`);
