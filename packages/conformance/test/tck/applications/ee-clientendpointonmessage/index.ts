import { IllegalStateException, OnMessage, OnOpen, PathParam, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';

/** Sends a text or bytes back in the form that the path names: twice, then it closes, or it would never end. */
@ServerEndpoint('/srv/{param}')
class WSCServer extends ErrorReporter {
  #answered = 0;

  @OnOpen
  onOpen(session: Session, @PathParam('param') form: string): void {
    session.addMessageHandler(Buffer, (message) => this.echo(form, message.toString(), session));
  }

  @OnMessage
  async echo(@PathParam('param') form: string, message: string, session: Session): Promise<void> {
    this.#answered += 1;
    if (this.#answered > 2) await session.close();
    else await this.#send(form, message, session);
  }

  async #send(form: string, message: string, session: Session): Promise<void> {
    const remote = session.getBasicRemote();
    switch (form) {
      case 'TEXT':
        return remote.sendText(message);
      case 'TEXTPARTIAL':
        for (const [part, last] of parts(message)) await remote.sendText(part, last);
        return;
      case 'BINARY':
        return remote.sendBinary(Buffer.from(message));
      case 'BINARYPARTIAL':
        for (const [part, last] of parts(message)) await remote.sendBinary(Buffer.from(part), last);
        return;
      case 'PONG':
        return remote.sendPong(Buffer.from(message));
      default:
        throw new IllegalStateException(`${form} is not implemented`);
    }
  }
}

/** A message in parts: each ends with its underscore, but for the last. */
function parts(message: string): [part: string, last: boolean][] {
  const words = message.split('_');
  return words.map((word, index) => (index === words.length - 1 ? [word, true] : [`${word}_`, false]));
}

export const context: TckContext = { root: '/ws_ee_clientendpointonmessage_web', endpoints: [WSCServer] };
