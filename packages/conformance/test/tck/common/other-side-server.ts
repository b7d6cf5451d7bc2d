import { OnMessage, PongMessage, ServerEndpoint } from 'serval';
import { ErrorReporter } from './error-reporter';

/** Sends texts, bytes and pongs back as text. */
@ServerEndpoint('/client')
export class WSCOtherSideServer extends ErrorReporter {
  @OnMessage
  onPong(pong: PongMessage): string {
    return pong.getApplicationData().toString();
  }

  @OnMessage
  onText(message: string): string {
    return message;
  }

  @OnMessage
  onBytes(bytes: Buffer): string {
    return bytes.toString();
  }
}
