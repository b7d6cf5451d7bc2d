import {
  Char,
  ClientEndpoint,
  InputStream,
  OnMessage,
  PongMessage,
  Reader,
  Session,
  type ParameterRole,
  type ParameterValue,
} from 'serval';
import {
  StringBean,
  StringBeanBinaryDecoder,
  StringBeanBinaryStreamDecoder,
  StringBeanTextDecoder,
  StringBeanTextStreamDecoder,
} from '../common/string-bean';
import { RecordingClient, type Opening } from './recording-endpoints';

// Clients that record each message and send it back as text: those of the kit, in pairs, one for a method that returns
// its answer, one for a method that takes the session and sends it. A type that Java boxes is declared to the
// decorator here; a primitive is read from the method's types.

export type ClientClass = new (opening: Opening) => RecordingClient;

/** The two clients of a payload. */
export interface ClientPair {
  readonly returning: ClientClass;
  readonly sending: ClientClass;
}

abstract class AnsweringClient extends RecordingClient {
  /** @returns the answer */
  protected hear(value: unknown): string {
    this.heard.message(value);
    return String(value);
  }

  protected async answer(value: unknown, session: Session): Promise<void> {
    await session.getBasicRemote().sendText(this.hear(value));
  }
}

@ClientEndpoint
class StringClient extends AnsweringClient {
  @OnMessage
  onText(text: string): string {
    return this.hear(text);
  }
}

@ClientEndpoint
class StringAndSessionClient extends AnsweringClient {
  @OnMessage
  onText(text: string, session: Session): Promise<void> {
    return this.answer(text, session);
  }
}

@ClientEndpoint
class NumberClient extends AnsweringClient {
  @OnMessage
  onNumber(value: number): string {
    return this.hear(value);
  }
}

@ClientEndpoint
class NumberAndSessionClient extends AnsweringClient {
  @OnMessage
  onNumber(value: number, session: Session): Promise<void> {
    return this.answer(value, session);
  }
}

@ClientEndpoint
class BigIntClient extends AnsweringClient {
  @OnMessage
  onBigInt(value: bigint): string {
    return this.hear(value);
  }
}

@ClientEndpoint
class BigIntAndSessionClient extends AnsweringClient {
  @OnMessage
  onBigInt(value: bigint, session: Session): Promise<void> {
    return this.answer(value, session);
  }
}

@ClientEndpoint
class BooleanClient extends AnsweringClient {
  @OnMessage
  onBoolean(value: boolean): string {
    return this.hear(value);
  }
}

@ClientEndpoint
class BooleanAndSessionClient extends AnsweringClient {
  @OnMessage
  onBoolean(value: boolean, session: Session): Promise<void> {
    return this.answer(value, session);
  }
}

@ClientEndpoint
class PongClient extends AnsweringClient {
  @OnMessage
  onPong(pong: PongMessage): string {
    return this.hear(pong.getApplicationData().toString());
  }
}

@ClientEndpoint
class PongAndSessionClient extends AnsweringClient {
  @OnMessage
  onPong(pong: PongMessage, session: Session): Promise<void> {
    return this.answer(pong.getApplicationData().toString(), session);
  }
}

@ClientEndpoint
class ReaderClient extends AnsweringClient {
  @OnMessage
  async onReader(reader: Reader): Promise<string> {
    return this.hear(await reader.readAll());
  }
}

@ClientEndpoint
class ReaderAndSessionClient extends AnsweringClient {
  @OnMessage
  async onReader(reader: Reader, session: Session): Promise<void> {
    await this.answer(await reader.readAll(), session);
  }
}

@ClientEndpoint
class InputStreamClient extends AnsweringClient {
  @OnMessage
  async onStream(stream: InputStream): Promise<string> {
    return this.hear((await stream.readAll()).toString());
  }
}

@ClientEndpoint
class InputStreamAndSessionClient extends AnsweringClient {
  @OnMessage
  async onStream(stream: InputStream, session: Session): Promise<void> {
    await this.answer((await stream.readAll()).toString(), session);
  }
}

export const STRING: ClientPair = { returning: StringClient, sending: StringAndSessionClient };
export const NUMBER: ClientPair = { returning: NumberClient, sending: NumberAndSessionClient };
export const BIGINT: ClientPair = { returning: BigIntClient, sending: BigIntAndSessionClient };
export const BOOLEAN: ClientPair = { returning: BooleanClient, sending: BooleanAndSessionClient };
export const PONG: ClientPair = { returning: PongClient, sending: PongAndSessionClient };
export const READER: ClientPair = { returning: ReaderClient, sending: ReaderAndSessionClient };
export const INPUT_STREAM: ClientPair = { returning: InputStreamClient, sending: InputStreamAndSessionClient };

/** Clients for the payload in the decorator's `params`. */
export function declared<P extends ParameterRole>(
  type: P,
  toValue: (payload: ParameterValue<P>) => unknown = (payload) => payload,
): ClientPair {
  @ClientEndpoint
  class DeclaredClient extends AnsweringClient {
    @OnMessage({ params: [type] })
    onMessage(payload: ParameterValue<P>): string {
      return this.hear(toValue(payload));
    }
  }

  @ClientEndpoint
  class DeclaredAndSessionClient extends AnsweringClient {
    @OnMessage({ params: [type, Session] })
    onMessage(payload: ParameterValue<P>, session: Session): Promise<void> {
      return this.answer(toValue(payload), session);
    }
  }

  return { returning: DeclaredClient, sending: DeclaredAndSessionClient };
}

export const CHAR = declared(Char);

type BeanDecoder =
  | typeof StringBeanTextDecoder
  | typeof StringBeanTextStreamDecoder
  | typeof StringBeanBinaryDecoder
  | typeof StringBeanBinaryStreamDecoder;

/** Clients of a bean, with this decoder. */
export function decoding(decoder: BeanDecoder): ClientPair {
  @ClientEndpoint({ decoders: [decoder] })
  class BeanClient extends AnsweringClient {
    @OnMessage
    onBean(bean: StringBean): string {
      return this.hear(bean.get());
    }
  }

  @ClientEndpoint({ decoders: [decoder] })
  class BeanAndSessionClient extends AnsweringClient {
    @OnMessage
    onBean(bean: StringBean, session: Session): Promise<void> {
      return this.answer(bean.get(), session);
    }
  }

  return { returning: BeanClient, sending: BeanAndSessionClient };
}

/** Clients of a message in parts: they record `part(last)part(last)`, and send back the parts without what they added. */
export function inParts<P extends StringConstructor | BufferConstructor | Uint8ArrayConstructor>(
  type: P,
  toText: (part: ParameterValue<P>) => string,
): ClientPair {
  abstract class PartialClient extends RecordingClient {
    #parts: string[] = [];
    #whole = '';

    protected async hear(part: ParameterValue<P>, last: boolean, session: Session): Promise<void> {
      this.#parts.push(`${toText(part)}(${last})`);
      this.#whole += toText(part);
      if (!last) return;
      this.heard.message(this.#parts.splice(0).join(''));
      const whole = this.#whole;
      this.#whole = '';
      await session.getBasicRemote().sendText(whole);
    }
  }

  @ClientEndpoint
  class WithoutSessionClient extends PartialClient {
    #session: Session | undefined;

    constructor(opening: Opening) {
      super((session) => {
        this.#session = session;
        return opening(session);
      });
    }

    @OnMessage({ params: [type, Boolean] })
    async onPart(part: ParameterValue<P>, last: boolean): Promise<void> {
      if (this.#session !== undefined) await this.hear(part, last, this.#session);
    }
  }

  @ClientEndpoint
  class AndSessionClient extends PartialClient {
    @OnMessage({ params: [type, Session, Boolean] })
    onPart(part: ParameterValue<P>, session: Session, last: boolean): Promise<void> {
      return this.hear(part, last, session);
    }
  }

  return { returning: WithoutSessionClient, sending: AndSessionClient };
}

/** Takes texts of at most 5 bytes. */
@ClientEndpoint
export class MaxLengthClient extends AnsweringClient {
  @OnMessage({ maxMessageSize: 5 })
  onText(text: string): string {
    return this.hear(text);
  }
}
