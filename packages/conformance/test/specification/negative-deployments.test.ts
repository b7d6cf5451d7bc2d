import {
  ClientEndpoint,
  CloseReason,
  Decoder,
  DeploymentException,
  Endpoint,
  EndpointConfig,
  InputStream,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  PongMessage,
  Reader,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type DecoderClass,
  type EndpointClass,
  type ErrorCode,
} from 'serval';
import { converse } from '@serval/testing';
import { failureOf, overBothEngines } from '../application';

// The 71 negative deployments of the Jakarta WebSocket test kit, in TypeScript: faulty endpoints, by the name that each
// has there. Its client sees no more than that nothing answers; here the error is looked at as well.

/** Classes without a decoder. */
class StringHolder {
  constructor(readonly inner: string) {}
}
class BigDecimal {
  constructor(readonly digits: bigint) {}
}
/** A class with one. */
class StringBean {
  constructor(readonly text: string) {}
}
class StringBeanTextDecoder implements Decoder.Text<StringBean> {
  static readonly decodes = Decoder.text(StringBean);
  decode(text: string): StringBean {
    return new StringBean(text);
  }
}

@ServerEndpoint('/echo')
class Echo {
  @OnMessage echo(text: string): string {
    return text;
  }
}
class ProgrammaticEcho extends Endpoint {
  override onOpen(session: Session): void {
    session.addMessageHandler(String, (text) => session.getBasicRemote().sendText(text));
  }
}
const echoConfig = ServerEndpointConfig.Builder.create(ProgrammaticEcho, '/echo').build();

// --- path parameters of a type that they cannot have ----------------------------------------------------------------

@ServerEndpoint('/invalid/{arg}')
class HolderInOnOpen {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnOpen open(_session: Session, @PathParam('arg') _holder: StringHolder): void {}
}
@ServerEndpoint('/invalid/{arg}')
class HolderInOnMessage {
  @OnMessage echo(text: string, @PathParam('arg') _holder: StringHolder): string {
    return text;
  }
}
@ServerEndpoint('/invalid/{arg}')
class HolderInOnClose {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnClose close(_session: Session, @PathParam('arg') _holder: StringHolder): void {}
}
@ServerEndpoint('/invalid/{arg}')
class HolderInOnError {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnError failed(_session: Session, _error: Error, @PathParam('arg') _holder: StringHolder): void {}
}
// A decoder is for messages; it makes no path parameters.
@ServerEndpoint({ value: '/invalid/{arg}', decoders: [StringBeanTextDecoder] })
class BeanInOnOpen {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnOpen open(_session: Session, @PathParam('arg') _bean: StringBean): void {}
}
@ServerEndpoint({ value: '/invalid/{arg}', decoders: [StringBeanTextDecoder] })
class BeanInOnMessage {
  @OnMessage echo(text: string, @PathParam('arg') _bean: StringBean): string {
    return text;
  }
}
@ServerEndpoint({ value: '/invalid/{arg}', decoders: [StringBeanTextDecoder] })
class BeanInOnError {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnError failed(_session: Session, _error: Error, @PathParam('arg') _bean: StringBean): void {}
}

// --- paths ----------------------------------------------------------------------------------------------------------

@ServerEndpoint('')
class MalformedPath {
  @OnMessage echo(text: string): string {
    return text;
  }
}
@ServerEndpoint('/path')
class SamePath1 {
  @OnMessage echo(text: string): string {
    return text;
  }
}
@ServerEndpoint('/path')
class SamePath2 {
  @OnMessage echo(text: string): string {
    return text;
  }
}

// --- methods --------------------------------------------------------------------------------------------------------

@ServerEndpoint('/invalid')
class TwoOnOpen {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnOpen open(_session: Session): void {}
  @OnOpen openWith(_config: EndpointConfig): void {}
}
@ServerEndpoint('/invalid')
class TextInOnOpen {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnOpen open(_session: Session, _thisShouldNotBeHere: string): void {}
}
@ServerEndpoint('/invalid')
class TwoOnClose {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnClose close(_session: Session): void {}
  @OnClose closeWith(_session: Session, _reason: CloseReason): void {}
}
@ServerEndpoint('/invalid')
class ErrorInOnClose {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnClose close(_session: Session, _thisShouldNotBeHere: Error): void {}
}
@ServerEndpoint('/invalid')
class TwoOnError {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnError failed(_session: Session, _error: Error): void {}
  @OnError failedToo(_session: Session, _error: Error): void {}
}
@ServerEndpoint('/invalid')
class ReasonInOnError {
  @OnMessage echo(_text: string): string {
    throw new Error('for @OnError');
  }
  @OnError failed(_session: Session, _error: Error, _reason: CloseReason): void {}
}
@ServerEndpoint('/invalid')
class BufferAndNumber {
  @OnMessage echo(buffer: Buffer, _finito: number): string {
    return buffer.toString();
  }
}
@ServerEndpoint('/invalid')
class TwoBinary {
  @OnMessage stream(_stream: InputStream): void {}
  @OnMessage part(_bytes: Uint8Array, _finito: boolean): void {}
}
@ServerEndpoint('/invalid')
class StreamAndBoolean {
  @OnMessage echo(_stream: InputStream, _finito: boolean): void {}
}
@ServerEndpoint('/invalid')
class NoDecoder {
  @OnMessage echo(holder: StringHolder): string {
    return holder.inner;
  }
}
@ServerEndpoint('/invalid')
class PongAndBoolean {
  @OnMessage echo(_pong: PongMessage, _finito: boolean): void {}
}
@ServerEndpoint('/invalid')
class TwoPong {
  @OnMessage pong(_pong: PongMessage): void {}
  @OnMessage pongWith(_pong: PongMessage, _session: Session): void {}
}
@ServerEndpoint('/invalid')
class Decimal {
  @OnMessage echo(decimal: BigDecimal): string {
    return String(decimal.digits);
  }
}
@ServerEndpoint('/invalid')
class TwoText {
  @OnMessage read(_reader: Reader): void {}
  @OnMessage part(_text: string, _finito: boolean): void {}
}
@ServerEndpoint('/invalid')
class ReaderAndBoolean {
  @OnMessage echo(_reader: Reader, _finito: boolean): void {}
}
@ServerEndpoint('/invalid')
class TextAndNumber {
  @OnMessage echo(text: string, _number: number): string {
    return text;
  }
}
@ServerEndpoint('/invalid')
class TwoTextWholeAndParts {
  @OnMessage echo(text: string): string {
    return text;
  }
  @OnMessage part(text: string, _finito: boolean): string {
    return text;
  }
}

/** The kit's package, the endpoints of the application that cannot all be deployed, and what is wrong with the last. */
type ServerRow = readonly [kit: string, faulty: readonly EndpointClass[], code: ErrorCode];

/** Deployed with the sound endpoint at once, as an archive is. */
const SERVERS: readonly ServerRow[] = [
  ['[WSC-4.3-1] invalidpathparamtype.srv.onopen', [HolderInOnOpen], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.3-1] invalidpathparamtype.srv.onmessage', [HolderInOnMessage], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.3-1] invalidpathparamtype.srv.onclose', [HolderInOnClose], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.3-1] invalidpathparamtype.srv.onerror', [HolderInOnError], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.1.1-4] multiplepaths', [SamePath1, SamePath2], 'WS_DEPLOY_DUPLICATE_PATH'],
  ['[WSC-4.4-3] onopen.srv.duplicate', [TwoOnOpen], 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['[WSC-4.4-3] onopen.srv.toomanyargs', [TextInOnOpen], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.5-4] onclose.srv.duplicate', [TwoOnClose], 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['[WSC-4.5-4] onclose.srv.toomanyargs', [ErrorInOnClose], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.6-3] onerror.srv.duplicate', [TwoOnError], 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['[WSC-4.6-3] onerror.srv.toomanyargs', [ReasonInOnError], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-1] onmessage.srv.binarybytebufferint', [BufferAndNumber], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-4] onmessage.srv.binaryduplicate', [TwoBinary], 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['[WSC-4.7-1] onmessage.srv.binaryinputstreamboolean', [StreamAndBoolean], 'WS_DEPLOY_BAD_PARAMETER'],
  // Without a decoder it is unknown whether the messages of a class are binary or text.
  ['[WSC-4.7-1] onmessage.srv.binarynodecoder', [NoDecoder], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-1] onmessage.srv.textnodecoder', [NoDecoder], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-1] onmessage.srv.pongboolean', [PongAndBoolean], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-4] onmessage.srv.pongduplicate', [TwoPong], 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['[WSC-4.7-1] onmessage.srv.textbigdecimal', [Decimal], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-4] onmessage.srv.textduplicate', [TwoText], 'WS_DEPLOY_DUPLICATE_HANDLER'],
  ['[WSC-4.7-1] onmessage.srv.textreaderboolean', [ReaderAndBoolean], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.7-1] onmessage.srv.textstringint', [TextAndNumber], 'WS_DEPLOY_BAD_PARAMETER'],
];

/** Added by the application's own code, once the sound endpoint is deployed. */
const SERVERS_ADDED_LATER: readonly ServerRow[] = [
  ['[WSC-4.3-1] invalidpathparamtype.pasrv.onopen', [BeanInOnOpen], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.3-1] invalidpathparamtype.pasrv.onmessage', [BeanInOnMessage], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.3-1] invalidpathparamtype.pasrv.onclose', [HolderInOnClose], 'WS_DEPLOY_BAD_PARAMETER'],
  ['[WSC-4.3-1] invalidpathparamtype.pasrv.onerror', [BeanInOnError], 'WS_DEPLOY_BAD_PARAMETER'],
];

const FAULTY_PATHS = ['/invalid', '/invalid/pathparam', '/path', '/'];

overBothEngines((application) => {
  const statusesOf = async (...paths: readonly string[]): Promise<unknown[]> => {
    const statuses = [];
    for (const path of paths) {
      const answer = await application().ask(path);
      statuses.push('status' in answer ? answer.status : 101);
    }
    return statuses;
  };

  describe.each(SERVERS)('%s', (_kit, faulty, code) => {
    test('rejects the endpoint, and its server does not start', async () => {
      const server = application().prepare({ endpoints: [Echo, ...faulty] });
      const failure = await failureOf(() => server.start());
      expect(failure).toBeInstanceOf(DeploymentException);
      expect(failure).toMatchObject({ code, message: expect.stringContaining(faulty.at(-1)?.name ?? '?') });
      expect(() => server.port).toThrow('not listening');
    });

    test('[WSC-5.2.1-3] on a running server, neither it nor the other endpoint answers', async () => {
      const { container } = await application().start([]);
      container.addEndpoint(Echo);
      expect(await failureOf(() => faulty.forEach((endpoint) => container.addEndpoint(endpoint)))).toMatchObject({
        code,
      });
      expect(await statusesOf('/echo', ...FAULTY_PATHS)).toEqual([404, 404, 404, 404, 404]);
    });

    test('a server that started with endpoints rejects only this one', async () => {
      const { container } = await application().start([Echo]);
      const [last = Echo, ...before] = [...faulty].reverse();
      // Of two on one path, the first one is no fault yet.
      for (const endpoint of before) container.addEndpoint(endpoint);
      expect(await failureOf(() => container.addEndpoint(last))).toMatchObject({ code });
      expect(await statusesOf('/echo')).toEqual([101]);
    });
  });

  describe.each(SERVERS_ADDED_LATER)('%s', (_kit, faulty, code) => {
    test('adding the endpoint throws, and it does not answer', async () => {
      const { container } = await application().start([Echo]);
      const failure = await failureOf(() => faulty.forEach((endpoint) => container.addEndpoint(endpoint)));
      expect(failure).toBeInstanceOf(DeploymentException);
      expect(failure).toMatchObject({ code });
      expect(await statusesOf(...FAULTY_PATHS)).toEqual([404, 404, 404, 404]);
    });

    test('[WSC-5.2.1-3] withdraws the endpoint deployed before it, even if the error is caught', async () => {
      const { container } = await application().start([]);
      container.addEndpoint(Echo);
      await failureOf(() => faulty.forEach((endpoint) => container.addEndpoint(endpoint)));
      expect(await statusesOf('/echo')).toEqual([404]);
    });
  });

  test('[WSC-4.1.1-3] malformedpath: nothing of the application answers', async () => {
    const { container } = await application().start([]);
    container.addEndpoint(Echo);
    expect(await failureOf(() => container.addEndpoint(MalformedPath))).toMatchObject({ code: 'WS_DEPLOY_BAD_PATH' });
    expect(await statusesOf('/echo', ...FAULTY_PATHS)).toEqual([404, 404, 404, 404, 404]);
  });

  test.each<[string, EndpointClass | ServerEndpointConfig]>([
    ['[WSC-5.2.1-3] onmessage.pasrv.nomoreendpoints: an annotated endpoint', Echo],
    ['[WSC-5.2.1-3] onmessage.ppsrv.nomoreendpoints: a programmatic endpoint', echoConfig],
  ])('rejects %s after a failed deployment', async (_kit, sound) => {
    const { container } = await application().start([]);
    const failure = await failureOf(() => container.addEndpoint(TwoTextWholeAndParts));
    expect(failure).toMatchObject({ code: 'WS_DEPLOY_DUPLICATE_HANDLER' });
    expect(await failureOf(() => container.addEndpoint(sound))).toMatchObject({
      name: 'DeploymentException',
      code: 'WS_DEPLOY_HALTED',
      cause: failure,
    });
    expect(await statusesOf('/echo', ...FAULTY_PATHS)).toEqual([404, 404, 404, 404, 404]);
  });

  test('valid endpoints answer without a failed deployment', async () => {
    for (const sound of [Echo, echoConfig]) {
      await application().start(sound);
      expect(await (await application().connect('/echo')).say('anything').next()).toBe('text anything');
    }
  });
});

// --- client endpoints -----------------------------------------------------------------------------------------------

@ClientEndpoint
class ClientTwoOnOpen {
  @OnOpen open(_session: Session, _config: EndpointConfig): void {}
  @OnOpen openToo(_session: Session, _config: EndpointConfig): void {}
}
@ClientEndpoint
class ClientErrorInOnOpen {
  @OnOpen open(_session: Session, _config: EndpointConfig, _error: Error): void {}
}
@ClientEndpoint
class ClientTwoOnClose {
  @OnClose close(_session: Session, _reason: CloseReason): void {}
  @OnClose closeToo(_session: Session, _reason: CloseReason): void {}
}
@ClientEndpoint
class ClientErrorInOnClose {
  @OnClose close(_session: Session, _reason: CloseReason, _error: Error): void {}
}
@ClientEndpoint
class ClientTwoOnError {
  @OnError failed(_error: Error): void {}
  @OnError failedWith(_session: Session, _error: Error): void {}
}
@ClientEndpoint
class ClientReasonInOnError {
  @OnError failed(_session: Session, _error: Error, _reason: CloseReason): void {}
}
@ClientEndpoint
class ClientBufferAndNumber {
  @OnMessage text(_text: string): void {}
  @OnMessage binary(_bytes: Buffer, _number: number): void {}
}
@ClientEndpoint
class ClientTwoBinary {
  @OnMessage text(_text: string): void {}
  @OnMessage whole(_bytes: Buffer): void {}
  @OnMessage part(_bytes: Buffer, _finito: boolean): void {}
}
@ClientEndpoint
class ClientStreamAndBoolean {
  @OnMessage text(_text: string): void {}
  @OnMessage binary(_stream: InputStream, _finito: boolean): void {}
}
@ClientEndpoint
class ClientNoDecoder {
  @OnMessage take(_holder: StringHolder): void {}
}
@ClientEndpoint
class ClientPongAndBoolean {
  @OnMessage text(_text: string): void {}
  @OnMessage pong(_pong: PongMessage, _finito: boolean): void {}
}
@ClientEndpoint
class ClientTwoPong {
  @OnMessage text(_text: string): void {}
  @OnMessage pong(_pong: PongMessage): void {}
  @OnMessage pongWith(_pong: PongMessage, _session: Session): void {}
}
@ClientEndpoint
class ClientDecimal {
  @OnMessage take(_decimal: BigDecimal): void {}
}
@ClientEndpoint({ decoders: [StringBeanTextDecoder] })
class ClientTwoText {
  @OnMessage part(_text: string, _finito: boolean): void {}
  @OnMessage bean(_bean: StringBean): void {}
}
@ClientEndpoint
class ClientReaderAndBoolean {
  @OnMessage text(_reader: Reader, _finito: boolean): void {}
}
@ClientEndpoint
class ClientTextAndNumber {
  @OnMessage text(_text: string, _number: number): void {}
}
@ClientEndpoint({ decoders: [StringBeanTextDecoder] })
class SoundClient {
  @OnOpen open(_session: Session, _config: EndpointConfig): void {}
  @OnMessage bean(_bean: StringBean): void {}
  @OnMessage binary(_bytes: Buffer, _finito: boolean): void {}
  @OnMessage pong(_pong: PongMessage, _session: Session): void {}
  @OnClose close(_session: Session, _reason: CloseReason): void {}
  @OnError failed(_session: Session, _error: Error): void {}
}

// Which connectToServer will pass on; the plan of a session is made by the same function for clients and for servers.
describe('rejects a client endpoint when its session is planned', () => {
  const BEANS: readonly DecoderClass[] = [StringBeanTextDecoder];
  test.each<[kit: string, faulty: EndpointClass, code: ErrorCode, decoders?: readonly DecoderClass[]]>([
    ['[WSC-4.4-3] onopen.client.duplicate', ClientTwoOnOpen, 'WS_DEPLOY_DUPLICATE_HANDLER'],
    ['[WSC-4.4-3] onopen.client.toomanyargs', ClientErrorInOnOpen, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.5-4] onclose.client.duplicate', ClientTwoOnClose, 'WS_DEPLOY_DUPLICATE_HANDLER'],
    ['[WSC-4.5-4] onclose.client.toomanyargs', ClientErrorInOnClose, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.6-3] onerror.client.duplicate', ClientTwoOnError, 'WS_DEPLOY_DUPLICATE_HANDLER'],
    ['[WSC-4.6-3] onerror.client.toomanyargs', ClientReasonInOnError, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-1] onmessage.client.binarybytebufferint', ClientBufferAndNumber, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-4] onmessage.client.binaryduplicate', ClientTwoBinary, 'WS_DEPLOY_DUPLICATE_HANDLER'],
    ['[WSC-4.7-1] onmessage.client.binaryinputstreamboolean', ClientStreamAndBoolean, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-1] onmessage.client.nodecoder', ClientNoDecoder, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-1] onmessage.client.pongboolean', ClientPongAndBoolean, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-4] onmessage.client.pongduplicate', ClientTwoPong, 'WS_DEPLOY_DUPLICATE_HANDLER'],
    ['[WSC-4.7-1] onmessage.client.textbigdecimal', ClientDecimal, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-4] onmessage.client.textduplicate', ClientTwoText, 'WS_DEPLOY_DUPLICATE_HANDLER', BEANS],
    ['[WSC-4.7-1] onmessage.client.textreaderboolean', ClientReaderAndBoolean, 'WS_DEPLOY_BAD_PARAMETER'],
    ['[WSC-4.7-1] onmessage.client.textstringint', ClientTextAndNumber, 'WS_DEPLOY_BAD_PARAMETER'],
  ])('%s', async (_kit, faulty, code, decoders = []) => {
    const failure = await failureOf(() => converse(faulty, { decoders }));
    expect(failure).toBeInstanceOf(DeploymentException);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(faulty.name) });
  });

  test('but accepts a valid one', () => {
    expect(() => converse(SoundClient, { decoders: BEANS })).not.toThrow();
  });
});
