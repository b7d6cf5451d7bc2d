import { ServerEndpoint } from 'serval';
import { BinaryScriptedServer, say, type Script } from '../../common/scripted-server';
import type { TckContext } from '../../context';

@ServerEndpoint('/TCKTestServer')
class WSTestServer extends BinaryScriptedServer {
  protected readonly title = 'TCKTestServer';
  protected readonly owner = 'Server';

  protected override readonly textScripts: Readonly<Record<string, Script<string>>> = {
    async getId1Test(message, session) {
      await say(session, `TCKTestServer received String: ${message}`);
      await say(session, `TCKTestServer responds: default getId=${session.getId()}`);
    },
  };
}

export const context: TckContext = { root: '/ws_spec_sessionid_web', endpoints: [WSTestServer] };
