import type { InputStream, MessageHandler, PongMessage, Reader, Session } from 'serval';
import type { StringBean } from '../../common/string-bean';
import type { StringList } from './string-lists';

// Each sends what it receives back as text, under its own name.

abstract class Handler {
  constructor(protected readonly session: Session) {}

  protected say(text: string): Promise<void> {
    return this.session.getBasicRemote().sendText(`${this.title} says: ${text}`);
  }

  /** Not the name of the class: that of a subclass is another one. */
  protected abstract readonly title: string;
}

export class StringWholeMessageHandler extends Handler implements MessageHandler.Whole<string> {
  protected readonly title = 'StringWholeMessageHandler';

  onMessage(message: string): Promise<void> {
    return this.say(message);
  }
}

export class StringPartialMessageHandler extends Handler implements MessageHandler.Partial<string> {
  protected readonly title = 'StringPartialMessageHandler';
  #text = '';

  onMessage(part: string, last: boolean): Promise<void> | undefined {
    this.#text += part;
    return last ? this.say(this.#text) : undefined;
  }
}

export class ReaderMessageHandler extends Handler implements MessageHandler.Whole<Reader> {
  protected readonly title = 'ReaderMessageHandler';

  async onMessage(reader: Reader): Promise<void> {
    await this.say(await reader.readAll());
  }
}

/** For `ByteBuffer` and for `byte[]`, which are both Buffer here. */
export class BytesMessageHandler extends Handler implements MessageHandler.Whole<Uint8Array> {
  constructor(
    session: Session,
    protected readonly title: 'ByteBufferMessageHandler' | 'ByteArrayMessageHandler',
  ) {
    super(session);
  }

  onMessage(bytes: Uint8Array): Promise<void> {
    return this.say(Buffer.from(bytes).toString());
  }
}

export class BytesPartialMessageHandler extends Handler implements MessageHandler.Partial<Uint8Array> {
  #text = '';

  constructor(
    session: Session,
    protected readonly title: 'ByteBufferPartialMessageHandler' | 'ByteArrayPartialMessageHandler',
  ) {
    super(session);
  }

  onMessage(part: Uint8Array, last: boolean): Promise<void> | undefined {
    this.#text += Buffer.from(part).toString();
    return last ? this.say(this.#text) : undefined;
  }
}

export class InputStreamMessageHandler extends Handler implements MessageHandler.Whole<InputStream> {
  protected readonly title = 'InputStreamMessageHandler';

  async onMessage(stream: InputStream): Promise<void> {
    await this.answer((await stream.readAll()).toString());
  }

  protected async answer(text: string): Promise<void> {
    await this.say(text);
  }
}

export class PongMessageHandler extends Handler implements MessageHandler.Whole<PongMessage> {
  protected readonly title = 'PongMessageHandler';

  onMessage(pong: PongMessage): Promise<void> | void {
    return this.say(pong.getApplicationData().toString());
  }
}

export class StringBeanMessageHandler extends Handler implements MessageHandler.Whole<StringBean> {
  protected readonly title = 'StringBeanMessageHandler';

  onMessage(bean: StringBean): Promise<void> {
    return this.say(bean.get());
  }
}

export class StringListWholeMessageHandler extends Handler implements MessageHandler.Whole<StringList> {
  protected readonly title = 'StringListWholeMessageHandler';

  onMessage(list: StringList): Promise<void> {
    return this.say(list.first());
  }
}

export class LinkedListHashSetMessageHandler extends Handler implements MessageHandler.Whole<Set<string>[]> {
  protected readonly title = 'LinkedListHashSetMessageHandler';

  onMessage([first]: Set<string>[]): Promise<void> {
    return this.say([...(first ?? [])].join());
  }
}
