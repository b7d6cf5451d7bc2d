import {
  EndpointConfig,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
  type MessageHandler,
  type ServerEndpointConfig,
} from 'serval';
import { answerAbout, asServerEndpointConfig } from '../../common/endpoint-config-answers';
import { ErrorReporter, ErrorReportingEndpoint } from '../../common/error-reporter';
import { JavaPackage } from '../../java-names';
import { ServerEndpointConfigConfigurator } from './configurators';
import { requireKey, SEC_1, UPC_1, UPC_2, UPS_5 } from './user-properties';

abstract class AnnotatedServer extends ErrorReporter {
  #session: Session | undefined;
  #config: EndpointConfig | undefined;

  @OnOpen
  onOpen(session: Session, config: EndpointConfig): void {
    this.#session = session;
    this.#config = config;
  }

  @OnMessage
  async onMessage(message: string): Promise<void> {
    await answer(message, this.#session, asServerEndpointConfig(this.#config));
  }
}

@JavaPackage('ee.server.serverendpointconfig')
@ServerEndpoint('/annotated/configurator', { configurator: ServerEndpointConfigConfigurator })
export class WSAnnotatedConfiguratorServer extends AnnotatedServer {}

@JavaPackage('ee.server.serverendpointconfig')
@ServerEndpoint('/annotated/subprotocols', { subprotocols: ['abc', 'def'] })
export class WSAnnotatedSubprotocolsServer extends AnnotatedServer {}

abstract class ProgramaticServer extends ErrorReportingEndpoint implements MessageHandler.Whole<string> {
  #session: Session | undefined;
  #config: EndpointConfig | undefined;

  override onOpen(session: Session, config: EndpointConfig): void {
    this.#session = session;
    this.#config = config;
    session.addMessageHandler(this);
  }

  async onMessage(message: string): Promise<void> {
    await answer(message, this.#session, asServerEndpointConfig(this.#config));
  }
}

@JavaPackage('ee.server.serverendpointconfig')
export class WSProgramaticConfiguratorServer extends ProgramaticServer {}

@JavaPackage('ee.server.serverendpointconfig')
export class WSProgramaticExtensionsServer extends ProgramaticServer {}

@JavaPackage('ee.server.serverendpointconfig')
export class WSProgramaticSubprotocolsServer extends ProgramaticServer {}

@JavaPackage('ee.server.serverendpointconfig')
export class WSProgramaticUserPropertiesServer extends ErrorReportingEndpoint implements MessageHandler.Whole<string> {
  #session: Session | undefined;

  override onOpen(session: Session): void {
    this.#session = session;
    session.addMessageHandler(this);
  }

  async onMessage(_message: string): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const userProperties = session.getUserProperties();
    for (const key of [SEC_1, UPC_1, UPC_2]) requireKey(userProperties, key);
    userProperties.delete(UPC_2);
    userProperties.set(UPS_5, {});
    await session.getBasicRemote().sendText('PASS');
  }
}

/** Any text that is no question asks for the subprotocol. */
async function answer(question: string, session: Session | undefined, config: ServerEndpointConfig): Promise<void> {
  const text = answerAbout(config, question) ?? session?.getNegotiatedSubprotocol() ?? '';
  await session?.getBasicRemote().sendText(text);
}
