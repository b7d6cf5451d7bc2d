import { InputStream, OutputStream, PongMessage, Reader, SendResult, Writer, type Session } from '@serval/api';
import { Decoder, Encoder } from '@serval/api';

class ArrayReader extends Reader {
  constructor(private readonly chunks: string[]) {
    super();
  }
  override async read(): Promise<string | null> {
    return this.chunks.shift() ?? null;
  }
  override readLine(): Promise<string | null> {
    return this.read();
  }
  override async readAll(): Promise<string> {
    return this.chunks.splice(0).join('');
  }
}

class ArrayInputStream extends InputStream {
  constructor(private readonly chunks: Buffer[]) {
    super();
  }
  override async read(): Promise<Buffer | null> {
    return this.chunks.shift() ?? null;
  }
  override async readAll(): Promise<Buffer> {
    return Buffer.concat(this.chunks.splice(0));
  }
}

class ArrayWriter extends Writer {
  readonly written: string[] = [];
  override async write(text: string): Promise<void> {
    this.written.push(text);
  }
  override async flush(): Promise<void> {}
  override async close(): Promise<void> {}
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test('for await reads a Reader to its end, past an empty chunk', async () => {
  expect(await collect(new ArrayReader(['one', '', 'two']))).toEqual(['one', '', 'two']);
  expect(await collect(new ArrayReader([]))).toEqual([]);
});

test('for await reads an InputStream to its end', async () => {
  const chunks = [Buffer.from([1]), Buffer.alloc(0), Buffer.from([2])];
  expect(await collect(new ArrayInputStream([...chunks]))).toEqual(chunks);
});

test('Writer.append writes and chains', () => {
  const writer = new ArrayWriter();
  expect(writer.append('one').append('two')).toBe(writer);
  expect(writer.written).toEqual(['one', 'two']);
});

test('the streams are classes, so that a parameter’s type exists at run time', () => {
  expect(new ArrayReader([])).toBeInstanceOf(Reader);
  expect(new ArrayInputStream([])).toBeInstanceOf(InputStream);
  expect(new ArrayWriter()).toBeInstanceOf(Writer);
  expect(typeof OutputStream).toBe('function');
});

test('a PongMessage returns its data', () => {
  const data = Buffer.from('beat');
  expect(new PongMessage(data).getApplicationData()).toBe(data);
});

test('a SendResult reports success and failure', () => {
  const session = {} as Session;
  const failure = new Error('gone');
  expect(new SendResult(session).isOK()).toBe(true);
  expect(new SendResult(session).getException()).toBeNull();
  expect(new SendResult(session, null).isOK()).toBe(true);
  expect(new SendResult(session, failure).isOK()).toBe(false);
  expect(new SendResult(session, failure).getException()).toBe(failure);
  expect(new SendResult(session).getSession()).toBe(session);
});

test.each(['text', 'binary', 'textStream', 'binaryStream'] as const)(
  'Decoder.%s and Encoder.%s declare form and class',
  (form) => {
    expect(Decoder[form](Date)).toEqual({ format: form, type: Date });
    expect(Encoder[form](Date)).toEqual({ format: form, type: Date });
    expect(Decoder[form]<{ x: number }>().type).toBeUndefined();
  },
);
