import { OnMessage, ServerEndpoint } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { JavaPackage } from '../../java-names';

// Static in Java: what the `@OnClose` method that ran last has seen.
const seen: string[] = [];

/** Tells what the `@OnClose` methods of the other endpoints have seen: the n-th path parameter; -1 forgets them. */
@JavaPackage('ee.server.pathparam')
@ServerEndpoint('/onclose')
export class WSOnClosePathParamServer extends ErrorReporter {
  static set(...pathParameters: readonly string[]): void {
    for (const [index, value] of pathParameters.entries()) seen[index] = value;
  }

  @OnMessage
  param(index: number): string {
    if (index !== -1) return seen[index] ?? '';
    seen.length = 0;
    return 'path params has been reset';
  }
}
