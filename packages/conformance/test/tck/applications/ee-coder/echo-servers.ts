import { OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { TextEcho } from '../../common/text-echo';
import { operate } from './coder-log';

@ServerEndpoint('/logger')
export class WSCLoggerServer extends ErrorReporter {
  @OnMessage
  echo(operation: string): string {
    return operate(operation);
  }
}

/** Sends texts and bytes back as text. */
@ServerEndpoint('/simpleecho')
export class WSCSimpleEchoServer extends TextEcho {
  @OnOpen
  onOpen(session: Session): void {
    session.addMessageHandler(Buffer, (message) => session.getBasicRemote().sendText(message.toString()));
  }
}

/** Sends texts back as bytes. */
@ServerEndpoint('/simplebin')
export class WSCSimpleBinaryEchoServer extends ErrorReporter {
  @OnMessage
  echo(text: string): Buffer {
    return Buffer.from(text);
  }
}
