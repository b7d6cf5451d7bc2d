import {
  ClientEndpointConfig,
  Endpoint,
  PongMessage,
  ClientContainer,
  type ClientContainerOptions,
  type CloseReason,
  type Session,
} from 'serval';
import { WebSocket, type ClientOptions } from 'ws';
import { Heard } from './echo-peer';
import type { EchoMessage } from './echo-table';
import { MAX_MESSAGE_BYTES } from '../src/limits';

/** The options of a caller's connection. */
export interface CallOptions extends ClientContainerOptions {
  readonly sslContext?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly userProperties?: Readonly<Record<string, string>>;
}

/** The events of a connection, in order. */
class Messages {
  readonly #all: (string | Buffer)[] = [];
  #end: string | undefined;
  #wake: () => void = () => undefined;

  add(message: string | Buffer): void {
    this.#all.push(message);
    this.#wake();
  }

  end(how: string): void {
    this.#end = how;
    this.#wake();
  }

  /** @throws Error when the connection ends instead */
  async next(): Promise<string | Buffer> {
    for (;;) {
      const next = this.#all.shift();
      if (next !== undefined) return next;
      if (this.#end !== undefined) throw new Error(`Expected a message; found the end, ${this.#end}.`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

class Calling extends Endpoint {
  readonly messages = new Messages();
  /** `pong …`, `close code reason`, `error name`. */
  readonly told = new Heard();

  override onOpen(session: Session): void {
    session.addMessageHandler(String, (text: string) => this.messages.add(text));
    session.addMessageHandler(Buffer, (bytes: Buffer) => this.messages.add(bytes));
    session.addMessageHandler(PongMessage, (pong: PongMessage) =>
      this.told.add(`pong ${Buffer.from(pong.getApplicationData()).toString()}`),
    );
  }

  override onClose(_session: Session, reason: CloseReason): void {
    const close = `close ${reason.getCloseCode().getCode()} ${reason.getReasonPhrase()}`.trim();
    this.told.add(close);
    this.messages.end(close);
  }

  override onError(_session: Session, error: Error): void {
    this.told.add(`error ${error.name}`);
  }
}

/** A connection of our client to an echo. */
export class EchoCaller {
  readonly #endpoint: Calling;

  private constructor(
    endpoint: Calling,
    readonly session: Session,
  ) {
    this.#endpoint = endpoint;
  }

  /** @throws HandshakeException when the server refuses */
  static async open(uri: string, options: CallOptions = {}): Promise<EchoCaller> {
    const { sslContext, headers = {}, userProperties = {}, ...rest } = options;
    class Asking extends ClientEndpointConfig.Configurator {
      override beforeRequest(all: Map<string, string[]>): void {
        for (const [name, value] of Object.entries(headers)) all.set(name, [value]);
      }
    }
    const config = ClientEndpointConfig.Builder.create().configurator(new Asking()).sslContext(sslContext).build();
    for (const [name, value] of Object.entries(userProperties)) config.getUserProperties().set(name, value);
    const container = new ClientContainer({
      textBufferSize: MAX_MESSAGE_BYTES,
      binaryBufferSize: MAX_MESSAGE_BYTES,
      ...rest,
    });
    const endpoint = new Calling();
    return new EchoCaller(endpoint, await container.connectToServer(endpoint, config, uri));
  }

  /** `pong …`, `close code reason`, `error name`. */
  get told(): Heard {
    return this.#endpoint.told;
  }

  /** As the server has answered: `permessage-deflate` and its parameters. */
  get extensions(): readonly string[] {
    return this.session
      .getNegotiatedExtensions()
      .map((extension) =>
        [extension.getName(), ...extension.getParameters().map((each) => `${each.getName()}=${each.getValue()}`)].join(
          '; ',
        ),
      );
  }

  readonly exchange = async (parts: EchoMessage['parts']): Promise<string | Buffer> => {
    const remote = this.session.getBasicRemote();
    if (parts.length === 1) await this.#send(parts[0] ?? '');
    else {
      for (const [index, part] of parts.entries()) {
        const isLast = index === parts.length - 1;
        await (typeof part === 'string' ? remote.sendText(part, isLast) : remote.sendBinary(part, isLast));
      }
    }
    return this.#endpoint.messages.next();
  };

  /** The next unsolicited message. */
  next(): Promise<string | Buffer> {
    return this.#endpoint.messages.next();
  }

  async #send(message: string | Buffer): Promise<void> {
    const remote = this.session.getBasicRemote();
    await (typeof message === 'string' ? remote.sendText(message) : remote.sendBinary(message));
  }
}

/** A connection of the ws library to an echo. */
export class WsEchoCaller {
  readonly #messages = new Messages();

  private constructor(readonly socket: WebSocket) {
    socket.on('close', (code: number, reason: Buffer) =>
      this.#messages.end(`close ${code} ${reason.toString()}`.trim()),
    );
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#messages.add(isBinary ? data : data.toString()));
  }

  static open(uri: string, options: ClientOptions): Promise<WsEchoCaller> {
    const caller = new WsEchoCaller(new WebSocket(uri, options));
    return new Promise((resolve, reject) => {
      caller.socket.once('open', () => resolve(caller)).once('error', reject);
    });
  }

  readonly exchange = (parts: EchoMessage['parts']): Promise<string | Buffer> => {
    for (const [index, part] of parts.entries()) this.socket.send(part, { fin: index === parts.length - 1 });
    return this.#messages.next();
  };
}
