import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnClose, OnMessage, ServerEndpoint, type EncoderClass, type EndpointClass } from 'serval';
import { ErrorReporter } from '../../common/error-reporter';
import {
  StringBean,
  StringBeanBinaryEncoder,
  StringBeanBinaryStreamEncoder,
  StringBeanTextEncoder,
  StringBeanTextStreamEncoder,
} from '../../common/string-bean';
import { JavaName, JavaPackage } from '../../java-names';

/** The return value of a class's method for the text that it receives. */
type Answer = (data: string) => unknown;

/**
 * Primitives and their boxes are the same here, so two classes of Java answer alike: `WSPrimitiveIntServer` returns an
 * int, `WSFullIntServer` an Integer.
 */
const PRIMITIVES: Readonly<Record<string, Answer>> = {
  boolean: (data) => data.toLowerCase() === 'true',
  byte: Number,
  char: (data) => data.charAt(0),
  double: Number,
  float: Number,
  int: Number,
  long: BigInt,
  short: Number,
};

const ENCODERS: Readonly<Record<string, EncoderClass>> = {
  TextEncoder: StringBeanTextEncoder,
  TextStreamEncoder: StringBeanTextStreamEncoder,
  BinaryEncoder: StringBeanBinaryEncoder,
  BinaryStreamEncoder: StringBeanBinaryStreamEncoder,
};

export const returningServers: readonly EndpointClass[] = [
  ...Object.entries(PRIMITIVES).flatMap(([type, answer]) => {
    const Type = type.charAt(0).toUpperCase() + type.slice(1);
    return [returningServer(`Primitive${Type}`, answer), returningServer(`Full${Type}`, answer)];
  }),
  returningServer('ByteArray', (data) => new TextEncoder().encode(data)),
  returningServer('ByteBuffer', (data) => Buffer.from(data)),
  ...Object.entries(ENCODERS).map(([kind, encoder]) => returningServer(kind, (data) => new StringBean(data), encoder)),
];

function returningServer(kind: string, answer: Answer, ...encoders: readonly EncoderClass[]): EndpointClass {
  @JavaName(`ee.jakarta.tck.websocket.ee.websocketmessagereturntype.WS${kind}Server`)
  @ServerEndpoint(`/${kind.toLowerCase()}`, { encoders })
  class ReturningServer extends ErrorReporter {
    @OnMessage
    echo(data: string): unknown {
      return answer(data);
    }
  }
  return ReturningServer;
}

/** Java maps a file into memory. Here it is read: Node has no mapped buffers. */
@JavaPackage('ee.websocketmessagereturntype')
@ServerEndpoint('/directbytebuffer')
export class WSDirectByteBufferServer extends ErrorReporter {
  #directory: string | undefined;

  @OnMessage
  async echo(data: string): Promise<Buffer> {
    this.#directory = await mkdtemp(join(tmpdir(), 'tcktemp-'));
    const file = join(this.#directory, 'file');
    await writeFile(file, data);
    return readFile(file);
  }

  @OnClose
  async onClose(): Promise<void> {
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true });
  }
}
