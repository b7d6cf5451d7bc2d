// What ws exports and @types/ws leaves out.
import 'ws';

declare module 'ws' {
  type ExtensionParameters = Record<string, (string | true)[]>;

  export const extension: {
    /** @throws SyntaxError for a header that breaks RFC 6455 9.1 */
    parse(header: string): Record<string, ExtensionParameters[]>;
    format(extensions: Record<string, ExtensionParameters[]>): string;
  };

  export const subprotocol: {
    /** @throws SyntaxError for a header that breaks RFC 6455 4.1, a repeated name included */
    parse(header: string): Set<string>;
  };

  export class PerMessageDeflate {
    static readonly extensionName: string;
    constructor(options: { isServer: boolean });
    /** @throws Error when none of the offers can be accepted */
    accept(offers: ExtensionParameters[]): ExtensionParameters;
  }
}
