import { IllegalArgumentException, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from './error-reporter';
import { TextEcho } from './text-echo';

/** 100 + 100 as a byte of Java. */
const NUMERIC = -56;

/** Sends an object of the type that a text names. How it sends is what its subclasses are about. */
export abstract class UserCoderServer extends ErrorReporter {
  @OnMessage
  async onMessage(type: string, session: Session): Promise<void> {
    await this.send(objectOf(type), session);
  }

  protected abstract send(object: unknown, session: Session): Promise<void>;
}

function objectOf(type: string): unknown {
  switch (type) {
    case 'BOOL':
      return true;
    case 'CHAR':
      return '1';
    case 'BYTE':
    case 'SHORT':
    case 'INT':
    case 'FLOAT':
    case 'DOUBLE':
      return NUMERIC;
    case 'LONG':
      return BigInt(NUMERIC);
    default:
      throw new IllegalArgumentException(`${type} is no type`);
  }
}

/** Sends texts and bytes back as text. */
@ServerEndpoint('/echo')
export class WSCEchoServer extends TextEcho {
  @OnOpen
  onOpen(session: Session): void {
    session.addMessageHandler(Buffer, (message) => session.getBasicRemote().sendText(message.toString()));
  }
}
