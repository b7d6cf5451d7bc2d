import { ServerEndpoint, type RemoteEndpoint, type SendHandler, type Session } from 'serval';
import { WSCOtherSideServer } from '../../common/other-side-server';
import { FAIL, fails, MISSING, OK, succeeds } from '../../common/outcome';
import { sendResult } from '../../common/send-result';
import { commonOperations, OperationServer, type Operation } from '../../common/server-side';
import { StringBean, StringBeanTextEncoder } from '../../common/string-bean';
import type { TckContext } from '../../context';
import { WSCThrowingServerSideServer } from './throwing-server';

const async = (session: Session): RemoteEndpoint.Async => session.getAsyncRemote();

/** Sends with a handler, and answers with the result that the handler receives. */
function withHandler(send: (remote: RemoteEndpoint.Async, handler: SendHandler) => void): Operation {
  return async (session) => {
    const result = await sendResult((handler) => send(async(session), handler));
    return result.isOK() ? OK : FAIL;
  };
}

const ignore: SendHandler = () => undefined;

/** The operations that the server runs on its remote endpoint at a client's request, and the client tests on theirs. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...commonOperations(async),
  TIMEOUT: (session) => {
    const remote = async(session);
    const isKept = [1, 5].every((timeout) => {
      remote.setSendTimeout(timeout);
      return remote.getSendTimeout() === timeout;
    });
    return isKept ? OK : FAIL;
  },
  SENDBINARYHANDLER: withHandler((remote, handler) => remote.sendBinary(Buffer.from('SENDBINARYHANDLER'), handler)),
  SENDBINARYHANDLERTHROWSONDATA: (session) => fails(() => async(session).sendBinary(MISSING, ignore)),
  SENDBINARYHANDLERTHROWSONHANDLER: (session) =>
    fails(() => async(session).sendBinary(Buffer.from('SENDBINARYHANDLERTHROWSONDATA'), MISSING)),
  SENDOBJECT: (session) => succeeds(() => async(session).sendObject(new StringBean('SENDOBJECT'))),
  SENDOBJECTHANDLER: withHandler((remote, handler) => remote.sendObject(new StringBean('SENDOBJECTHANDLER'), handler)),
  SENDOBJECTHANDLERTHROWSONDATA: (session) => fails(() => async(session).sendObject(null, ignore)),
  SENDOBJECTHANDLERTHROWSONHANDLER: (session) =>
    fails(() => async(session).sendObject('SENDOBJECTHANDLERTHROWSONHANDLER', MISSING)),
  SENDTEXTHANDLER: withHandler((remote, handler) => remote.sendText('SENDTEXTHANDLER', handler)),
  SENDTEXTHANDLERTHROWSONDATA: (session) => fails(() => async(session).sendText(MISSING, ignore)),
  SENDTEXTHANDLERTHROWSONHANDLER: (session) =>
    fails(() => async(session).sendText('SENDTEXTHANDLERTHROWSONHANDLER', MISSING)),
};

@ServerEndpoint('/server', { encoders: [StringBeanTextEncoder] })
class WSCServerSideServer extends OperationServer {
  protected readonly operations = OPERATIONS;
}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_remoteendpoint_async_web',
  endpoints: [WSCServerSideServer, WSCThrowingServerSideServer, WSCOtherSideServer],
};
