import { OnMessage, PathParam, ServerEndpoint, type EndpointClass } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import type { TckContext } from '../../context';
import { JavaName, javaName } from '../../java-names';

/** The classes of Java, alike but for their template: the number of segments, then which of them are variables. */
const TEMPLATES = {
  WSL1ExactServer: '/a',
  WSL1ParamServer: '/{a}',
  WSL2ExactCDServer: '/c/d',
  WSL2CParamDServer: '/c/{d}',
  WSL2DParamCServer: '/{c}/d',
  WSL2ParamCDServer: '/{c}/{d}',
  WSL3ACDExactServer: '/a/c/d',
  WSL3ACParamDServer: '/a/c/{d}',
  WSL3ADParamCServer: '/a/{c}/d',
  WSL3AParamCDServer: '/a/{c}/{d}',
  WSL3CDParamAServer: '/{a}/c/d',
  WSL3CParamADServer: '/{a}/c/{d}',
  WSL3DParamACServer: '/{a}/{c}/d',
  WSL3ParamACDServer: '/{a}/{c}/{d}',
} as const;

/** Answers with the text, the path parameters in their order, and the name of its class. */
function echoServer(name: string, template: string): EndpointClass {
  const pathParams = [...template.matchAll(/\{(\w+)\}/g)].map(([, variable = '']) => PathParam(variable));

  @JavaName(`ee.jakarta.tck.websocket.spec.configuration.urimatching.${name}`)
  @ServerEndpoint(template)
  class EchoServer extends ErrorReporter {
    @OnMessage({ params: [String, ...pathParams] })
    echo(echo: string, ...values: string[]): string {
      return echo + values.join('') + javaName(EchoServer);
    }
  }
  return EchoServer;
}

export const context: TckContext = {
  root: '/wsc_spec_configuration_urimatching_web',
  endpoints: Object.entries(TEMPLATES).map(([name, template]) => echoServer(name, template)),
};
