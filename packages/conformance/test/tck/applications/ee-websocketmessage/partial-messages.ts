import {
  OnMessage,
  PathParam,
  ServerEndpoint,
  Session,
  type EndpointClass,
  type MessageRole,
  type ParameterValue,
} from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { JavaName } from '../../java-names';

const JAVA_PACKAGE = 'ee.jakarta.tck.websocket.ee.websocketmessage';

/** One payload that comes in parts. */
export interface PartialPayload<P extends MessageRole> {
  /** In the names of Java's classes: `WSByteArrayPartialServer` has ByteArray. In small letters it is in the path. */
  readonly name: string;
  readonly type: P;
  readonly toText: (part: ParameterValue<P>) => string;
  readonly withPathParam: (answer: string, pathParam: string) => string;
}

/**
 * The four classes that Java has for a payload in parts. Those without a session answer each part by what they return,
 * those with one send all answers when the last part has come.
 */
export function partialMessageServers<P extends MessageRole>(payload: PartialPayload<P>): readonly EndpointClass[] {
  const { name, type, toText, withPathParam } = payload;
  const path = `/partial${name.toLowerCase()}`;
  const answer = (part: ParameterValue<P>, last: boolean): string => `${toText(part)}(${last})`;

  @JavaName(`${JAVA_PACKAGE}.WS${name}PartialServer`)
  @ServerEndpoint(path)
  class PartialServer extends ErrorReporter {
    @OnMessage({ params: [type, Boolean] })
    partial(part: ParameterValue<P>, finito: boolean): string {
      return answer(part, finito);
    }
  }

  @JavaName(`${JAVA_PACKAGE}.WS${name}PartialAndSessionServer`)
  @ServerEndpoint(`${path}session`)
  class PartialAndSessionServer extends ErrorReporter {
    #answers = '';

    @OnMessage({ params: [type, Boolean, Session] })
    async partial(part: ParameterValue<P>, finito: boolean, session: Session): Promise<void> {
      this.#answers += answer(part, finito);
      if (!finito) return;
      await session.getBasicRemote().sendText(this.#answers);
      this.#answers = '';
    }
  }

  @JavaName(`${JAVA_PACKAGE}.WS${name}PartialAndPathParamServer`)
  @ServerEndpoint(`${path}pathparam/{param}`)
  class PartialAndPathParamServer extends ErrorReporter {
    @OnMessage({ params: [PathParam('param'), type, Boolean] })
    partial(param: string, part: ParameterValue<P>, finito: boolean): string {
      return withPathParam(answer(part, finito), param);
    }
  }

  @JavaName(`${JAVA_PACKAGE}.WS${name}PartialAndSessionAndPathParamServer`)
  @ServerEndpoint(`${path}sessionpathparam/{param}`)
  class PartialAndSessionAndPathParamServer extends ErrorReporter {
    #answers = '';

    @OnMessage({ params: [type, Session, Boolean, PathParam('param')] })
    async partial(part: ParameterValue<P>, session: Session, finito: boolean, param: string): Promise<void> {
      this.#answers += withPathParam(answer(part, finito), param);
      if (!finito) return;
      await session.getBasicRemote().sendText(this.#answers);
      this.#answers = '';
    }
  }

  return [PartialServer, PartialAndSessionServer, PartialAndPathParamServer, PartialAndSessionAndPathParamServer];
}
