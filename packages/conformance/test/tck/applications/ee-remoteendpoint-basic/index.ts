import { EncodeException, Encoder, ServerEndpoint, type RemoteEndpoint, type Session } from 'serval';
import { WSCOtherSideServer } from '../../common/other-side-server';
import { fails, succeeds } from '../../common/outcome';
import { commonOperations, OperationServer, type Operation } from '../../common/server-side';
import { StringBean, StringBeanTextEncoder } from '../../common/string-bean';
import type { TckContext } from '../../context';

class HolderForThrowingEncoder {
  constructor(readonly wrapped: string) {}
}

export class ThrowingEncoder implements Encoder.Text<HolderForThrowingEncoder> {
  static readonly encodes = Encoder.text(HolderForThrowingEncoder);

  encode(object: HolderForThrowingEncoder): string {
    throw new EncodeException(object, 'Meant TCK EncodeException');
  }
}

const basic = (session: Session): RemoteEndpoint.Basic => session.getBasicRemote();

/** The operations that the server runs on its remote endpoint at a client's request, and the client tests on theirs. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...commonOperations(basic),
  SENDBINARYPART1: (session) =>
    succeeds(async () => {
      await basic(session).sendBinary(Buffer.from('SENDBINARYPART1'), false);
      await basic(session).sendBinary(Buffer.from('SENDBINARYPART2'), false);
      await basic(session).sendBinary(Buffer.from('SENDBINARYPART3'), true);
    }),
  SENDTEXTPART1: (session) =>
    succeeds(async () => {
      await basic(session).sendText('SENDTEXTPART1', false);
      await basic(session).sendText('SENDTEXTPART2', false);
      await basic(session).sendText('SENDTEXTPART3', true);
    }),
  SENDSTREAM: (session) =>
    succeeds(async () => {
      const stream = basic(session).getSendStream();
      await stream.write(Buffer.from('SENDSTREAM'));
      await stream.close();
    }),
  SENDWRITER: (session) =>
    succeeds(async () => {
      const writer = basic(session).getSendWriter();
      writer.append('SENDWRITER');
      await writer.close();
    }),
  SENDOBJECT: (session) => succeeds(() => basic(session).sendObject(new StringBean('SENDOBJECT'))),
  SENDOBJECTTHROWSENCODEEEXCEPTION: (session) =>
    fails(() => basic(session).sendObject(new HolderForThrowingEncoder('wrapped')), EncodeException),
};

@ServerEndpoint('/server', { encoders: [StringBeanTextEncoder, ThrowingEncoder] })
class WSCServerSideServer extends OperationServer {
  protected readonly operations = OPERATIONS;
}

export const context: TckContext = {
  root: '/wsc_ee_jakarta_websocket_remoteendpoint_basic_web',
  endpoints: [WSCServerSideServer, WSCOtherSideServer],
};
