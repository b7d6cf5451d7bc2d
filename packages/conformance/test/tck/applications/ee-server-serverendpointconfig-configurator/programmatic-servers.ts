import { type EndpointConfig, type Extension, type MessageHandler, type Session } from 'serval';
import { asServerEndpointConfig } from '../../common/endpoint-config-answers';
import { ErrorReportingEndpoint } from '../../common/error-reporter';
import { JavaPackage } from '../../java-names';
import { ExtensionsConfigurator, GetNegotiatedSubprotocolConfigurator } from './configurators';
import { contains, containsInOrder, formatExtensions, ORDERED, REQUESTED } from './extensions';
import { REQUESTED as REQUESTED_SUBPROTOCOLS } from './subprotocols';

/** Tells what its configurator saw in the handshake. */
abstract class NegotiationServer extends ErrorReportingEndpoint implements MessageHandler.Whole<string> {
  protected config: EndpointConfig | undefined;
  #session: Session | undefined;

  override onOpen(session: Session, config: EndpointConfig): void {
    this.#session = session;
    this.config = config;
    session.addMessageHandler(this);
  }

  async onMessage(message: string): Promise<void> {
    await this.#session?.getBasicRemote().sendText(this.answer(message));
  }

  protected abstract answer(message: string): string;
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class WSCExtensionsServer extends NegotiationServer {
  protected override answer(message: string): string {
    return formatExtensions(this.#extensions(message));
  }

  /** Answers with what the client expects if everything is correct, or with what it found. */
  #extensions(message: string): readonly Extension[] {
    const { installed, requested, resulted } = ExtensionsConfigurator;
    switch (message) {
      case 'requested':
        return contains(requested, REQUESTED) ? REQUESTED : requested;
      case 'resulted':
        return contains(resulted, REQUESTED) ? REQUESTED : resulted;
      case 'installed': {
        const configured = asServerEndpointConfig(this.config).getExtensions();
        return contains(installed, configured) ? installed : configured;
      }
      case 'resultedinorder':
        return containsInOrder(resulted, ORDERED) ? ORDERED : resulted;
      default:
        return [];
    }
  }
}

@JavaPackage('ee.server.serverendpointconfig.configurator')
export class WSCSubprotocolServer extends NegotiationServer {
  protected override answer(message: string): string {
    const { requested, resulted, supported } = GetNegotiatedSubprotocolConfigurator;
    switch (message) {
      case 'requested':
        return (isSubset(REQUESTED_SUBPROTOCOLS, requested) ? REQUESTED_SUBPROTOCOLS : requested).join(' ');
      case 'supported': {
        const configured = asServerEndpointConfig(this.config).getSubprotocols();
        return (isSubset(configured, supported) ? configured : supported).join(' ');
      }
      case 'resulted':
        return `{${resulted}}`;
      default:
        return '';
    }
  }
}

function isSubset(wanted: readonly string[], found: readonly string[]): boolean {
  return wanted.every((name) => found.includes(name));
}
