import { context, OPERATIONS, ThrowingEncoder } from '../applications/ee-remoteendpoint-basic';
import { kitSuite, type KitTest } from './kit-suite';
import { failsIn, refuses, sends, staysAlive } from './remote-operations';

const sent = (name: string, what: string, hears?: string): KitTest => sends(OPERATIONS, name, `${what} is sent`, hears);
const refused = (name: string, what: string): KitTest =>
  refuses(OPERATIONS, name, `${what} is refused with an IllegalArgumentException`);

kitSuite('ee.remoteendpoint.basic.WSClientIT', context, {
  sendBinaryOnClientTest: sent('SENDBINARY', 'a Buffer'),
  sendBinaryPartialOnClientTest: sent(
    'SENDBINARYPART1',
    'a message of three Buffers',
    'SENDBINARYPART1SENDBINARYPART2SENDBINARYPART3',
  ),
  sendBinaryThrowsIAEOnClientTest: refused('SENDBINARYTHROWS', 'null as bytes'),
  sendObjectOnClientTest: sent('SENDOBJECT', 'an object with an encoder'),
  sendObjectBooleanOnClientTest: sent('SENDOBJECT_BOOL', 'a boolean', 'false'),
  sendObjectByteOnClientTest: sent('SENDOBJECT_BYTE', 'a number that is a byte', '-100'),
  sendObjectCharOnClientTest: sent('SENDOBJECT_CHAR', 'a string of one character', 'j'),
  sendObjectDoubleOnClientTest: sent('SENDOBJECT_DOUBLE', 'a double, as Java writes it,', '-105.0'),
  sendObjectFloatOnClientTest: sent('SENDOBJECT_FLOAT', 'a float, as Java writes it,', '-104.0'),
  sendObjectIntOnClientTest: sent('SENDOBJECT_INT', 'a number that is an int', '-102'),
  sendObjectLongOnClientTest: sent('SENDOBJECT_LONG', 'a bigint', '-103'),
  sendObjectShortOnClientTest: sent('SENDOBJECT_SHORT', 'a number that is a short', '-101'),
  sendObjectThrowsIAEOnClientTest: refused('SENDOBJECTTHROWS', 'null as an object'),
  sendObjectThrowsEncodeExceptionOnClientTest: failsIn(
    'the EncodeException of an encoder is thrown by sendObject',
    (session) => OPERATIONS.SENDOBJECTTHROWSENCODEEEXCEPTION?.(session),
    ThrowingEncoder,
  ),
  sendTextOnClientTest: sent('SENDTEXT', 'a text'),
  sendTextPartialOnClientTest: sent(
    'SENDTEXTPART1',
    'a message of three texts',
    'SENDTEXTPART1SENDTEXTPART2SENDTEXTPART3',
  ),
  sendTextThrowsIAEOnClientTest: refused('SENDTEXTTHROWS', 'null as a text'),
  getSendStreamOnClientTest: sent('SENDSTREAM', 'what is written to the send stream'),
  getSendWriterOnClientTest: sent('SENDWRITER', 'what is written to the send writer'),
  batchingAllowedOnClientTest: sent('BATCHING_ALLOWED', 'a text in a batch that is flushed'),
  sendPingOnClientTest: sends(OPERATIONS, 'SEND_PING', 'a ping is answered with a pong of the same data'),
  sendPingDelaysTimoutOnClientTest: staysAlive('PING_4_TIMES'),
  sendPingThrowsOnClientTest: refused('SEND_PING_THROWS', 'a ping of 126 bytes'),
  sendPongOnClientTest: sent('SEND_PONG', 'a pong'),
  sendPongDelaysTimoutOnClientTest: staysAlive('PONG_4_TIMES'),
  // A slip of the kit, kept: its operation sends no pong.
  sendPongThrowsOnClientTest: refused('SEND_PONG_THROWS', 'null as bytes, which the kit takes for a pong,'),
});
