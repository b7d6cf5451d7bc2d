import { ServerEndpoint, type Session } from 'serval';
import { UserCoderServer, WSCEchoServer } from '../../common/user-coder-servers';
import { BINARY_CODERS, BINARY_STREAM_CODERS, TEXT_CODERS, TEXT_STREAM_CODERS } from '../../common/user-coders';
import { sendResult } from '../../common/send-result';
import type { TckContext } from '../../context';

abstract class WSCCommonServer extends UserCoderServer {
  protected async send(object: unknown, session: Session): Promise<void> {
    const result = await sendResult((handler) => session.getAsyncRemote().sendObject(object, handler));
    const exception = result.getException();
    if (exception !== null) throw exception;
  }
}

@ServerEndpoint('/text', { encoders: TEXT_CODERS })
class WSCTextServer extends WSCCommonServer {}

@ServerEndpoint('/textstream', { encoders: TEXT_STREAM_CODERS })
class WSCTextStreamServer extends WSCCommonServer {}

@ServerEndpoint('/binary', { encoders: BINARY_CODERS })
class WSCBinaryServer extends WSCCommonServer {}

@ServerEndpoint('/binarystream', { encoders: BINARY_STREAM_CODERS })
class WSCBinaryStreamServer extends WSCCommonServer {}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_remoteendpoint_usercoder_asynchandler_web',
  endpoints: [WSCTextServer, WSCTextStreamServer, WSCBinaryServer, WSCBinaryStreamServer, WSCEchoServer],
};
