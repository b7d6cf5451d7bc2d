import { OnMessage, ServerEndpoint, type MessageHandler, type Session } from 'serval';
import { ErrorReporter, ErrorReportingEndpoint } from '../../common/error-reporter';
import { StringBean } from '../../common/string-bean';
import { JavaPackage } from '../../java-names';

@JavaPackage('ee.server.serverapplicationconfig')
@ServerEndpoint('/used')
export class WSUsedServer extends ErrorReporter {
  @OnMessage
  echo(echo: string): string {
    return echo;
  }
}

@JavaPackage('ee.server.serverapplicationconfig')
@ServerEndpoint('/other')
export class WSOtherUsedServer extends ErrorReporter {
  @OnMessage
  echo(echo: string): string {
    return echo;
  }
}

/** Found by the scan, and chosen by no application config. */
@JavaPackage('ee.server.serverapplicationconfig')
@ServerEndpoint('/unused')
export class WSUnusedServer extends ErrorReporter {
  @OnMessage
  echo(echo: string): string {
    return echo;
  }
}

@JavaPackage('ee.server.serverapplicationconfig')
export class WSConfiguredServer extends ErrorReportingEndpoint implements MessageHandler.Whole<StringBean> {
  #session: Session | undefined;

  override onOpen(session: Session): void {
    this.#session = session;
    session.addMessageHandler(StringBean, this);
  }

  async onMessage(bean: StringBean): Promise<void> {
    await this.#session?.getBasicRemote().sendText(bean.get());
  }
}
