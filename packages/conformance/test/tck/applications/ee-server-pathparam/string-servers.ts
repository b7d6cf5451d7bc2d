import { OnClose, OnError, OnMessage, OnOpen, PathParam, ServerEndpoint, Session, type EndpointClass } from 'serval';
import { JavaName } from '../../java-names';
import { WSOnClosePathParamServer } from './on-close-server';
import { answerError, perform } from './operations';

/**
 * `/param/{param1}/…` with one to eleven variables: Java has a class for each, alike but for the number of their
 * `@PathParam` parameters. A `params` list says that number here.
 */
export const stringServers: readonly EndpointClass[] = Array.from({ length: 11 }, (_, index) =>
  stringServer(index + 1),
);

function stringServer(count: number): EndpointClass {
  const variables = Array.from({ length: count }, (_, index) => `param${index + 1}`);
  const pathParams = variables.map((variable) => PathParam(variable));

  @JavaName(`ee.jakarta.tck.websocket.ee.server.pathparam.WS${count}StringPathParamServer`)
  @ServerEndpoint(`/param/${variables.map((variable) => `{${variable}}`).join('/')}`)
  class StringPathParamServer {
    #atOpen: readonly string[] = [];

    @OnOpen({ params: pathParams })
    onOpen(...p: string[]): void {
      this.#atOpen = p;
    }

    @OnMessage({ params: [String, ...pathParams] })
    param(content: string, ...p: string[]): string {
      return perform(content, this.#atOpen.join(''), p.join(''));
    }

    @OnError({ params: [Session, Error, ...pathParams] })
    async onError(session: Session, thrown: Error, ...p: string[]): Promise<void> {
      await answerError(session, thrown, p.join(''));
    }

    @OnClose({ params: pathParams })
    onClose(...p: string[]): void {
      WSOnClosePathParamServer.set(...p);
    }
  }
  return StringPathParamServer;
}
