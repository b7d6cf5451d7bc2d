import { OnError, ServerEndpoint, Session } from 'serval';
import { ScriptedServer } from '../../common/scripted-server';
import type { TckContext } from '../../context';

@ServerEndpoint('/TCKTestServer')
class WSTestServer extends ScriptedServer {
  protected readonly title = 'TCKTestServer';
  protected readonly owner = 'Server';

  @OnError
  override async onError(session: Session, thrown: Error): Promise<void> {
    await super.onError(session, thrown);
    await session.close();
  }
}

export const context: TckContext = { root: '/ws_sessionexception_web', endpoints: [WSTestServer] };
