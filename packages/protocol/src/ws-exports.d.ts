// Exports of ws that @types/ws leaves out.
import type { Duplex, Writable } from 'node:stream';
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
    constructor(options: { isServer: boolean; maxPayload?: number; threshold?: number });
    /** @throws Error when none of the offers can be accepted */
    accept(offers: ExtensionParameters[]): ExtensionParameters;
    compress(data: Buffer, fin: boolean, done: (error: Error | null, data: Buffer) => void): void;
    decompress(data: Buffer, fin: boolean, done: (error: Error | null, data: Buffer) => void): void;
    cleanup(): void;
  }

  /** Emits message, ping, pong and conclude; an error carries its close code under a symbol. */
  export class Receiver extends Writable {
    constructor(options: {
      isServer: boolean;
      extensions?: Record<string, PerMessageDeflate>;
      maxPayload?: number;
      maxFragments?: number;
    });
  }

  export class Sender {
    constructor(socket: Duplex, extensions?: Record<string, PerMessageDeflate>);
    send(
      data: string | Buffer,
      options: { binary: boolean; compress: boolean; fin: boolean; mask: boolean },
      done?: () => void,
    ): void;
    ping(data: Buffer, mask: boolean, done?: () => void): void;
    pong(data: Buffer, mask: boolean, done?: () => void): void;
    close(code: number | undefined, reason: string | Buffer | undefined, mask: boolean, done?: () => void): void;
  }
}
