import { OnMessage, ServerEndpoint, Session } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';
import { JavaPackage } from '../../java-names';

/** Counts the messages of its instance, and so of its connection. */
@JavaPackage('spec.application.lifecycle')
@ServerEndpoint('/lifecycle')
class WSCServerLifecycleServer extends ErrorReporter {
  #hitCount = 0;

  @OnMessage
  onMessage(_message: string, _session: Session): number {
    return this.#hitCount++;
  }
}

export const context: TckContext = {
  root: '/wsc_spec_application_lifecycle_web',
  endpoints: [WSCServerLifecycleServer],
};
