import {
  EncodeException,
  Encoder,
  IllegalArgumentException,
  IllegalStateException,
  OnMessage,
  ServerEndpoint,
  Session,
} from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import { FAIL, fails, OK } from '../../common/outcome';
import { sendResult } from '../../common/send-result';
import { StringBean, StringBeanTextEncoder } from '../../common/string-bean';

const ERROR = 'TCK intended Exception on transmission';

class ThrowingStringBean {
  get(): string {
    throw new IllegalStateException('TCK Exception thrown to check ExecutionException');
  }
}

export class ThrowingStringBeanEncoder implements Encoder.Text<ThrowingStringBean> {
  static readonly encodes = Encoder.text(ThrowingStringBean);

  encode(bean: ThrowingStringBean): string {
    return bean.get();
  }
}

class ThrowingTextCoder implements Encoder.Text<string> {
  static readonly encodes = Encoder.text(String);

  encode(text: string): string {
    throw new EncodeException(text, ERROR);
  }
}

class ThrowingBinaryCoder implements Encoder.Binary<Buffer> {
  static readonly encodes = Encoder.binary(Buffer);

  encode(bytes: Buffer): Buffer {
    throw new EncodeException(bytes, ERROR);
  }
}

/** Encoding its messages fails. Its answers are beans, because it cannot encode a string. */
@ServerEndpoint('/throwing', {
  encoders: [ThrowingBinaryCoder, ThrowingTextCoder, StringBeanTextEncoder, ThrowingStringBeanEncoder],
})
export class WSCThrowingServerSideServer extends ErrorReporter {
  @OnMessage
  async onMessage(name: string, session: Session): Promise<StringBean> {
    return new StringBean(await perform(name, session));
  }
}

/** @returns whether the operation fails as it should */
export async function perform(name: string, session: Session): Promise<string> {
  const remote = session.getAsyncRemote();
  switch (name.toUpperCase()) {
    case 'SENDBINARYEXECUTIONEXCEPTION': // no test asks for it: sendBinary uses no encoder
      return fails(() => remote.sendBinary(Buffer.from(name)), Error);
    case 'SENDOBJECTEXECUTIONEXCEPTION':
      return fails(() => remote.sendObject(new ThrowingStringBean()), Error);
    case 'SENDOBJECTHANDLEREXECUTIONEXCEPTION': {
      const result = await sendResult((handler) => remote.sendObject(new ThrowingStringBean(), handler));
      return !result.isOK() && result.getException() !== null ? OK : FAIL;
    }
    default:
      throw new IllegalArgumentException(`Method ${name} is not implemented`);
  }
}
