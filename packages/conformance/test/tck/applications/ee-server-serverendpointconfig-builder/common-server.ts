import { type EndpointConfig, type MessageHandler, type Session } from 'serval';
import { answerAbout, asServerEndpointConfig } from '../../common/endpoint-config-answers';
import { ErrorReportingEndpoint } from '../../common/error-reporter';
import { JavaPackage } from '../../java-names';

/** Tells of the configuration that it was deployed with. */
@JavaPackage('ee.server.serverendpointconfig.builder')
export class WSCommonServer extends ErrorReportingEndpoint implements MessageHandler.Whole<string> {
  #session: Session | undefined;
  #config: EndpointConfig | undefined;

  override onOpen(session: Session, config: EndpointConfig): void {
    this.#session = session;
    this.#config = config;
    session.addMessageHandler(this);
  }

  async onMessage(message: string): Promise<void> {
    const answer = answerAbout(asServerEndpointConfig(this.#config), message);
    if (answer !== undefined) await this.#session?.getBasicRemote().sendText(answer);
  }
}
