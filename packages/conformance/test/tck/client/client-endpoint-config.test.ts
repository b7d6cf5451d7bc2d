import {
  ClientEndpointConfig,
  createExtension,
  Decoder,
  Encoder,
  type DecoderClass,
  type EncoderClass,
  type EndpointConfig,
  type Extension,
  type Session,
} from 'serval';
import { context } from '../applications/ee-clientendpointconfig';
import { kitSuite, type Application, type KitTest } from './kit-suite';
import { RecordingEndpoint } from './recording-endpoints';

const TEXT = 'Dummy String Test';

const SUBPROTOCOLS = ['MBWS', 'MBLWS', 'soap', 'WAMP', 'v10.stomp', 'v11.stomp', 'v12.stomp'];
const EXTENSIONS = [
  createExtension('ext1', [
    ['permessage-compress', 'deflate'],
    ['permessage-compress', 'foo'],
    ['prop', 'val'],
  ]),
  createExtension('ext2', [
    ['permessage-compress', 'deflate'],
    ['prop1', 'val1'],
    ['prop2', 'val2'],
  ]),
];

class ErrorEncoder implements Encoder.Text<string> {
  static readonly encodes = Encoder.text(String);
  encode(text: string): string {
    return text;
  }
}

class BooleanEncoder implements Encoder.Text<boolean> {
  static readonly encodes = Encoder.text(Boolean);
  encode(truth: boolean): string {
    return String(truth);
  }
}

class ByteDecoder implements Decoder.Text<number> {
  static readonly decodes = Decoder.text(Number);
  willDecode(): boolean {
    return true;
  }
  decode(text: string): number {
    return Number(text);
  }
}

class BooleanDecoder implements Decoder.Text<boolean> {
  static readonly decodes = Decoder.text(Boolean);
  willDecode(): boolean {
    return true;
  }
  decode(text: string): boolean {
    return text === 'true';
  }
}

/** The parts of a configuration. Missing parts are empty. */
interface Parts {
  readonly subprotocols?: readonly string[];
  readonly extensions?: readonly Extension[];
  readonly encoders?: readonly EncoderClass[];
  readonly decoders?: readonly DecoderClass[];
}

class ConfigEndpoint extends RecordingEndpoint {
  config: EndpointConfig | undefined;

  constructor() {
    super(() => undefined);
  }

  override async onOpen(session: Session, config: EndpointConfig): Promise<void> {
    this.config = config;
    await super.onOpen(session, config);
  }
}

/** Connects with such a configuration: the endpoint is given it, and both sides negotiate nothing that is in it. */
async function connectWith(application: Application, parts: Parts): Promise<void> {
  const { subprotocols = [], extensions = [], encoders = [], decoders = [] } = parts;
  const config = ClientEndpointConfig.Builder.create()
    .preferredSubprotocols(subprotocols)
    .extensions(extensions)
    .encoders(encoders)
    .decoders(decoders)
    .build();
  const endpoint = new ConfigEndpoint();
  const session = await application.connect('/TCKTestServer', endpoint, config);
  const { config: given } = endpoint;

  expect(given).toBeInstanceOf(ClientEndpointConfig);
  expect((given as ClientEndpointConfig).getPreferredSubprotocols()).toEqual(subprotocols);
  expect((given as ClientEndpointConfig).getExtensions()).toEqual(extensions);
  expect(given?.getEncoders()).toEqual(encoders);
  expect(given?.getDecoders()).toEqual(decoders);
  expect(session.getNegotiatedSubprotocol()).toBe('');
  expect(session.getNegotiatedExtensions()).toEqual([]);

  await endpoint.heard.until(2);
  await session.getBasicRemote().sendText(TEXT);
  await endpoint.heard.until(7);
  await session.close();
  await endpoint.heard.closed;
  expect(endpoint.heard.errors).toEqual([]);
  expect(endpoint.heard.messages).toEqual([
    '========TCKTestServer opened',
    '========session from Server is open=TRUE',
    `========TCKTestServer received String:${TEXT}|`,
    '========TCKTestServer: subProtocol==|',
    '========TCKTestServer: Extension size=0|',
    '========TCKTestServer: getEncoders() returned encoders size=0|',
    '========TCKTestServer: EndpointConfig.getDecoders() returned decoders size=0|',
  ]);
}

function connects(what: string, parts: Parts): KitTest {
  return { claim: `an endpoint connects with ${what}`, run: (application) => connectWith(application, parts) };
}

const decoders = [ByteDecoder, BooleanDecoder];
const encoders = [ErrorEncoder, BooleanEncoder];

kitSuite('ee.clientendpointconfig.WSClientIT', context, {
  constructortest: connects('a configuration that says nothing', {}),
  preferredSubprotocolsTest: connects('subprotocols of which the server has none', { subprotocols: SUBPROTOCOLS }),
  extensionsTest: connects('extensions that the server does not have', { extensions: EXTENSIONS }),
  encodersTest: connects('encoders of a text and of a boolean', { encoders }),
  decodersTest: connects('decoders of a number and of a boolean', { decoders }),
  constructorTest1: connects('subprotocols and extensions', { subprotocols: SUBPROTOCOLS, extensions: EXTENSIONS }),
  constructorTest2: connects('subprotocols, extensions and decoders', {
    subprotocols: SUBPROTOCOLS,
    extensions: EXTENSIONS,
    decoders,
  }),
  constructorTest3: connects('subprotocols, extensions, decoders and encoders', {
    subprotocols: SUBPROTOCOLS,
    extensions: EXTENSIONS,
    decoders,
    encoders,
  }),
});
