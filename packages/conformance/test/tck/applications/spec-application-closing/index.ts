import { CloseReason, OnClose, OnMessage, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';
import { JavaPackage } from '../../java-names';

/** Lets its session run into the idle timeout, and tells a later one which code `@OnClose` was given. */
@JavaPackage('spec.application.closing')
@ServerEndpoint('/closesession')
class WSCCloseSessionServer extends ErrorReporter {
  private static lastCloseCode = 0;

  @OnMessage
  onMessage(message: string, session: Session): string {
    if (message === 'lastcode') return String(WSCCloseSessionServer.lastCloseCode);
    if (message === 'idle') {
      WSCCloseSessionServer.lastCloseCode = 0;
      session.setMaxIdleTimeout(1);
    }
    return message;
  }

  @OnClose
  onClose(reason: CloseReason): void {
    WSCCloseSessionServer.lastCloseCode = reason.getCloseCode().getCode();
  }
}

export const context: TckContext = { root: '/wsc_spec_application_closing_web', endpoints: [WSCCloseSessionServer] };
