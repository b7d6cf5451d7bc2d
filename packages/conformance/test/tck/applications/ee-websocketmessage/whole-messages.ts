import {
  OnMessage,
  PathParam,
  ServerEndpoint,
  Session,
  type DecoderClass,
  type EndpointClass,
  type MessageRole,
  type ParameterValue,
  type PrimitiveType,
  type PrimitiveValue,
} from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { JavaName } from '../../java-names';

const JAVA_PACKAGE = 'ee.jakarta.tck.websocket.ee.websocketmessage';

/** One payload that `@OnMessage` methods of the TCK take. */
export interface Payload<P extends MessageRole, Q extends PrimitiveType> {
  /** In the names of Java's classes: `WSFullIntAndSessionServer` has FullInt. In small letters it is the path. */
  readonly name: string;
  readonly type: P;
  readonly decoders?: readonly DecoderClass[];
  /** The type of the path parameter in the classes that have one. */
  readonly pathParamType: Q;
  /** Its name in the class that takes a session too. Default `param`, as in the template. */
  readonly pathParamBesideSession?: string;
  readonly toText: (value: ParameterValue<P>) => string | Promise<string>;
  /** The answer where there is no path parameter. Default the text. */
  readonly alone?: (text: string) => string;
  /** The answer where there is one. */
  readonly withPathParam: (text: string, pathParam: PrimitiveValue<Q>) => string;
}

/** The four classes that Java has for a payload: it alone, with a Session, with a path parameter, and with both. */
export function wholeMessageServers<P extends MessageRole, Q extends PrimitiveType>(
  payload: Payload<P, Q>,
): readonly EndpointClass[] {
  const { name, type, decoders, pathParamType, toText, alone = (text) => text, withPathParam } = payload;
  const path = `/${name.toLowerCase()}`;

  @JavaName(`${JAVA_PACKAGE}.WS${name}Server`)
  @ServerEndpoint(path, { decoders })
  class Server extends ErrorReporter {
    @OnMessage({ params: [type] })
    async echo(value: ParameterValue<P>): Promise<string> {
      return alone(await toText(value));
    }
  }

  @JavaName(`${JAVA_PACKAGE}.WS${name}AndSessionServer`)
  @ServerEndpoint(`${path}session`, { decoders })
  class AndSessionServer extends ErrorReporter {
    @OnMessage({ params: [type, Session] })
    async echo(value: ParameterValue<P>, _session: Session): Promise<string> {
      return alone(await toText(value));
    }
  }

  @JavaName(`${JAVA_PACKAGE}.WS${name}AndPathParamServer`)
  @ServerEndpoint(`${path}pathparam/{param}`, { decoders })
  class AndPathParamServer extends ErrorReporter {
    @OnMessage({ params: [PathParam('param', pathParamType), type] })
    async echo(param: PrimitiveValue<Q>, value: ParameterValue<P>): Promise<string> {
      return withPathParam(await toText(value), param);
    }
  }

  @JavaName(`${JAVA_PACKAGE}.WS${name}AndSessionAndPathParamServer`)
  @ServerEndpoint(`${path}sessionpathparam/{param}`, { decoders })
  class AndSessionAndPathParamServer extends ErrorReporter {
    @OnMessage({ params: [type, Session, PathParam(payload.pathParamBesideSession ?? 'param', pathParamType)] })
    async echo(value: ParameterValue<P>, _session: Session, param: PrimitiveValue<Q>): Promise<string> {
      return withPathParam(await toText(value), param);
    }
  }

  return [Server, AndSessionServer, AndPathParamServer, AndSessionAndPathParamServer];
}
