import { ServerEndpoint, type Session } from 'serval';
import { UserCoderServer, WSCEchoServer } from '../../common/user-coder-servers';
import { BINARY_CODERS, BINARY_STREAM_CODERS, TEXT_CODERS, TEXT_STREAM_CODERS } from '../../common/user-coders';
import type { TckContext } from '../../context';

abstract class WSCCommonServer extends UserCoderServer {
  protected send(object: unknown, session: Session): Promise<void> {
    return session.getAsyncRemote().sendObject(object);
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
  root: '/wsc_ee_jakarta_websocket_remoteendpoint_usercoder_async_web',
  endpoints: [WSCTextServer, WSCTextStreamServer, WSCBinaryServer, WSCBinaryStreamServer, WSCEchoServer],
};
