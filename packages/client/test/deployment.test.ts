import {
  ClientEndpoint,
  ClientEndpointConfig,
  createExtension,
  Decoder,
  DeploymentException,
  Endpoint,
  InputStream,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PongMessage,
  Reader,
  ServerEndpoint,
  Session,
  CloseReason,
  type ClientEndpointOptions,
  type ErrorCode,
} from '@serval/api';
import { ClientContainer } from '../src';
import { rejection } from '../../testing/test/toolbox';

// No request is sent, because deployment fails first. Port 9 of this machine does not answer.
const NOWHERE = 'ws://127.0.0.1:9/echo';
const container = new ClientContainer({ logger: { error() {}, warn() {}, debug() {} } });

/** Java's BigDecimal: a class without a decoder. */
class BigDecimal {}

// The negative deployments of client endpoints in the official test kit, named after its packages.
@ClientEndpoint
class OnCloseDuplicate {
  @OnClose first(_session: Session) {}
  @OnClose second(_session: Session) {}
}
@ClientEndpoint
class OnCloseTooManyArguments {
  @OnClose onClose(_session: Session, _reason: CloseReason, _additional: number) {}
}
@ClientEndpoint
class OnErrorDuplicate {
  @OnError first(_session: Session, _cause: Error) {}
  @OnError second(_session: Session, _cause: Error) {}
}
@ClientEndpoint
class OnErrorTooManyArguments {
  @OnError onError(_session: Session, _cause: Error, _additional: number) {}
}
@ClientEndpoint
class BinaryByteBufferInt {
  @OnMessage echo(_buffer: Buffer, _int: number) {}
}
@ClientEndpoint
class BinaryDuplicate {
  @OnMessage first(_buffer: Buffer) {}
  @OnMessage second(_buffer: Buffer) {}
}
@ClientEndpoint
class BinaryInputStreamBoolean {
  @OnMessage echo(_stream: InputStream, _last: boolean) {}
}
@ClientEndpoint
class NoDecoder {
  @OnMessage echo(_value: BigDecimal) {}
}
@ClientEndpoint
class PongBoolean {
  @OnMessage echo(_pong: PongMessage, _last: boolean) {}
}
@ClientEndpoint
class PongDuplicate {
  @OnMessage first(_pong: PongMessage) {}
  @OnMessage second(_pong: PongMessage) {}
}
@ClientEndpoint
class TextBigDecimal {
  @OnMessage echo(_text: string, _value: BigDecimal) {}
}
@ClientEndpoint
class TextDuplicate {
  @OnMessage first(_text: string) {}
  @OnMessage second(_text: string) {}
}
@ClientEndpoint
class TextReaderBoolean {
  @OnMessage echo(_reader: Reader, _last: boolean) {}
}
@ClientEndpoint
class TextStringInt {
  @OnMessage echo(_text: string, _int: number) {}
}
@ClientEndpoint
class OnOpenDuplicate {
  @OnOpen first(_session: Session) {}
  @OnOpen second(_session: Session) {}
}
@ClientEndpoint
class OnOpenTooManyArguments {
  @OnOpen onOpen(_session: Session, _config: ClientEndpointConfig, _additional: number) {}
}

const KIT: [name: string, endpoint: new () => object, code: ErrorCode][] = [
  ['onclose.client.duplicate', OnCloseDuplicate, 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['onclose.client.toomanyargs', OnCloseTooManyArguments, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onerror.client.duplicate', OnErrorDuplicate, 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['onerror.client.toomanyargs', OnErrorTooManyArguments, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.binarybytebufferint', BinaryByteBufferInt, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.binaryduplicate', BinaryDuplicate, 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['onmessage.client.binaryinputstreamboolean', BinaryInputStreamBoolean, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.nodecoder', NoDecoder, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.pongboolean', PongBoolean, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.pongduplicate', PongDuplicate, 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['onmessage.client.textbigdecimal', TextBigDecimal, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.textduplicate', TextDuplicate, 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['onmessage.client.textreaderboolean', TextReaderBoolean, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onmessage.client.textstringint', TextStringInt, 'WS_DEPLOY_BAD_PARAMETER'],
  ['onopen.client.duplicate', OnOpenDuplicate, 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['onopen.client.toomanyargs', OnOpenTooManyArguments, 'WS_DEPLOY_BAD_PARAMETER'],
];

describe('a client endpoint that breaks a rule of chapter 4 throws a DeploymentException before any request', () => {
  test.each(KIT)('%s, as a class and as an instance', async (_name, endpointClass, code) => {
    for (const endpoint of [endpointClass, new endpointClass()]) {
      const error = await rejection(container.connectToServer(endpoint, NOWHERE));
      expect(error).toBeInstanceOf(DeploymentException);
      expect(error.code).toBe(code);
      expect(error.message).toContain(endpointClass.name);
    }
  });
});

@ServerEndpoint('/echo')
class OnlyServer {
  @OnMessage echo(text: string) {
    return text;
  }
}
@ClientEndpoint
class Annotated {
  @OnMessage echo(_text: string) {}
}
class Subclass extends Annotated {}
class Plain {}
@ClientEndpoint
class NeedsArguments {
  constructor(readonly name: string) {}
}
class Programmatic extends Endpoint {
  override onOpen() {}
}
class ProgrammaticNeedsArguments extends Programmatic {
  constructor(readonly name: string) {
    super();
  }
}

describe('rejects a value that is not a client endpoint', () => {
  test.each<[what: string, endpoint: any, message: RegExp]>([
    [
      'a server endpoint',
      OnlyServer,
      /^OnlyServer is a server endpoint; connectToServer takes a class with @ClientEnd/,
    ],
    ['an instance of one', new OnlyServer(), /^OnlyServer is a server endpoint/],
    ['a subclass without annotation', Subclass, /^Subclass is not a client endpoint.*WSC-4\.8/],
    ['a class without annotations', Plain, /^Plain is not a client endpoint/],
    ['an object', {}, /^Object is not a client endpoint/],
    ['an object without a class', Object.create(null), /^\(anonymous class\) is not a client endpoint/],
    ['a function', () => undefined, /is not a client endpoint/],
    ['null', null, /^connectToServer takes a client endpoint, a class or an instance; found null\./],
    ['a string', 'Echo', /found "Echo"\./],
    ['a class that needs arguments', NeedsArguments, /^The constructor of NeedsArguments declares 1 parameter/],
    ['an Endpoint that needs arguments', ProgrammaticNeedsArguments, /connect an instance/],
  ])('%s', async (_what, endpoint, message) => {
    const error = await rejection(container.connectToServer(endpoint, NOWHERE));
    expect(error).toBeInstanceOf(DeploymentException);
    expect([error.code, error.message]).toEqual(['WS_DEPLOY_NOT_AN_ENDPOINT', expect.stringMatching(message)]);
  });
});

const builder = () => ClientEndpointConfig.Builder.create();
class BrokenConfigurator extends ClientEndpointConfig.Configurator {
  constructor() {
    super();
    throw new Error('no');
  }
}
class Coder {
  static readonly decodes = Decoder.text<Plain>();
}

describe('rejects an invalid configuration', () => {
  test.each<[what: string, code: ErrorCode, message: RegExp, config: any]>([
    ['no ClientEndpointConfig', 'WS_DEPLOY_BAD_OPTION', /takes a ClientEndpointConfig.*found an object\./, {}],
    [
      'a subprotocol twice',
      'WS_DEPLOY_BAD_OPTION',
      /found "a" twice/,
      builder().preferredSubprotocols(['a', 'a']).build(),
    ],
    ['a subprotocol with a space', 'WS_DEPLOY_BAD_OPTION', /"a b"/, builder().preferredSubprotocols(['a b']).build()],
    ['an empty subprotocol', 'WS_DEPLOY_BAD_OPTION', /found ""/, builder().preferredSubprotocols(['']).build()],
    [
      'a parameter of an extension with a line break',
      'WS_DEPLOY_BAD_OPTION',
      /value of the extension parameter p; found "1\\r\\n2"/,
      builder()
        .extensions([createExtension('x', [['p', '1\r\n2']])])
        .build(),
    ],
    [
      'an extension with a line break',
      'WS_DEPLOY_BAD_OPTION',
      /found "x\\r\\ny"/,
      builder()
        .extensions([createExtension('x\r\ny')])
        .build(),
    ],
    [
      'a parameter with a comma',
      'WS_DEPLOY_BAD_OPTION',
      /found "p,"/,
      builder()
        .extensions([createExtension('x', [['p,', '']])])
        .build(),
    ],
    [
      'a decoder without its method',
      'WS_DEPLOY_BAD_CODEC',
      /Coder has no method decode/,
      builder()
        .decoders([Coder as any])
        .build(),
    ],
    [
      'an sslContext of text',
      'WS_DEPLOY_BAD_OPTION',
      /sslContext takes TLS options/,
      builder().sslContext('pem').build(),
    ],
  ])('%s', async (_what, code, message, config) => {
    const error = await rejection(container.connectToServer(Programmatic, config, NOWHERE));
    expect(error).toBeInstanceOf(DeploymentException);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  test.each<[what: string, code: ErrorCode, message: RegExp, options: any]>([
    [
      'subprotocols that are no list',
      'WS_DEPLOY_BAD_OPTION',
      /subprotocols is a list; found "chat"/,
      { subprotocols: 'chat' },
    ],
    ['encoders that are no list', 'WS_DEPLOY_BAD_OPTION', /encoders is a list/, { encoders: Coder }],
    [
      'a configurator of another kind',
      'WS_DEPLOY_BAD_CONFIGURATOR',
      /Plain does not extend ClientEndpointConfig/,
      { configurator: Plain },
    ],
    [
      'a configurator that throws',
      'WS_DEPLOY_BAD_CONFIGURATOR',
      /could not be created without arguments/,
      { configurator: BrokenConfigurator },
    ],
  ])('%s, in @ClientEndpoint', async (_what, code, message, options) => {
    @ClientEndpoint(options as ClientEndpointOptions)
    class Configured {}
    const error = await rejection(container.connectToServer(Configured, NOWHERE));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  const P = 'org.apache.tomcat.websocket.';
  test.each<[property: string, value: unknown, message: string]>([
    [`${P}IO_TIMEOUT_MS`, '0', 'is a whole number of milliseconds from 1 to 2147483647; found "0".'],
    [`${P}IO_TIMEOUT_MS`, 'soon', 'found "soon".'],
    [`${P}MAX_REDIRECTIONS`, -1, 'is a whole number of redirects from 0 to 2147483647; found -1.'],
    [`${P}MAX_HTTP_RESPONSE_HEADER_BYTES`, '0', 'is a whole number of bytes from 1 to 2147483647; found "0".'],
    [`${P}BLOCKING_SEND_TIMEOUT`, 'x', 'is a whole number of milliseconds'],
  ])('the user property %s with %p', async (name, value, message) => {
    const config = builder().build();
    config.getUserProperties().set(name, value);
    const error = await rejection(container.connectToServer(Programmatic, config, NOWHERE));
    expect(error).toBeInstanceOf(DeploymentException);
    expect(error.code).toBe('WS_DEPLOY_BAD_OPTION');
    expect(error.message).toContain(name);
    expect(error.message).toContain(message);
  });
});

test('connectToServer accepts two or three arguments', async () => {
  const connect = container.connectToServer.bind(container) as (...args: unknown[]) => Promise<Session>;
  expect((await rejection(connect(Annotated))).message).toMatch(/found 1 argument/);
  expect((await rejection(connect(Annotated, null, NOWHERE, 1))).message).toMatch(/found 4 argument/);
});
