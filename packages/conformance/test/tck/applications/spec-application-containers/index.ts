import { OnMessage, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { identityHashCode } from '../../common/identity-hash-code';
import type { TckContext } from '../../context';
import { JavaPackage } from '../../java-names';

@JavaPackage('spec.application.containers')
@ServerEndpoint('/srv')
class WSCServer extends ErrorReporter {
  @OnMessage
  onMessage(_message: string, session: Session): string {
    return String(identityHashCode(session.getContainer()));
  }
}

export const context: TckContext = { root: '/wsc_spec_application_containers_web', endpoints: [WSCServer] };
