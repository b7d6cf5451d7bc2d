import { OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';

/** Sends texts and bytes back as text: twice, then it closes, because the client answers every one. */
@ServerEndpoint('/srv')
class WSCServer extends ErrorReporter {
  #answered = 0;

  @OnOpen
  onOpen(session: Session): void {
    session.addMessageHandler(Buffer, (message) => this.echo(message.toString(), session));
  }

  @OnMessage
  async echo(message: string, session: Session): Promise<void> {
    this.#answered += 1;
    if (this.#answered > 2) await session.close();
    else await session.getBasicRemote().sendText(message);
  }
}

export const context: TckContext = { root: '/wsc_ee_clientendpointreturntype_web', endpoints: [WSCServer] };
