import { context, OPERATIONS } from '../applications/ee-remoteendpoint-async';
import { perform, ThrowingStringBeanEncoder } from '../applications/ee-remoteendpoint-async/throwing-server';
import { kitSuite, type KitTest } from './kit-suite';
import { failsIn, refuses, sends, staysAlive } from './remote-operations';

const sent = (name: string, what: string, hears?: string): KitTest => sends(OPERATIONS, name, `${what} is sent`, hears);
const refused = (name: string, what: string): KitTest =>
  refuses(OPERATIONS, name, `${what} is refused with an IllegalArgumentException`);
const failed = (name: string, claim: string): KitTest =>
  failsIn(claim, (session) => perform(name, session), ThrowingStringBeanEncoder);

kitSuite('ee.remoteendpoint.async.WSClientIT', context, {
  sendTimeoutOnClientTest: failsIn('getSendTimeout answers what setSendTimeout was given', (session) =>
    OPERATIONS.TIMEOUT?.(session),
  ),
  sendBinaryOnClientTest: sent('SENDBINARY', 'a Buffer'),
  sendBinaryThrowsIAEOnClientTest: refused('SENDBINARYTHROWS', 'null as bytes'),
  sendBinaryWithHandlerOnClientTest: sent('SENDBINARYHANDLER', 'a Buffer with a handler'),
  sendBinaryWithHandlerThrowsIAEOnClientWhenNullDataTest: refused(
    'SENDBINARYHANDLERTHROWSONDATA',
    'null as bytes with a handler',
  ),
  sendBinaryWithHandlerThrowsIAEOnClientWhenNullHandlerTest: refused(
    'SENDBINARYHANDLERTHROWSONHANDLER',
    'null as the handler of bytes',
  ),
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
  sendObjectHasExecutionExceptionOnClientTest: failed(
    'SENDOBJECTEXECUTIONEXCEPTION',
    'the promise of sendObject is rejected when the encoder throws',
  ),
  sendObjectWithHandlerOnClientTest: sent('SENDOBJECTHANDLER', 'an object with a handler'),
  sendObjectWithHandlerThrowsIAEOnClientWhenDataIsNullTest: refused(
    'SENDOBJECTHANDLERTHROWSONDATA',
    'null as an object with a handler',
  ),
  sendObjectWithHandlerThrowsIAEOnClientWhenHandlerIsNullTest: refused(
    'SENDOBJECTHANDLERTHROWSONHANDLER',
    'null as the handler of an object',
  ),
  sendObjectWithHandlerHasExecutionExceptionOnClientTest: failed(
    'SENDOBJECTHANDLEREXECUTIONEXCEPTION',
    'the handler of sendObject receives the encoder’s error',
  ),
  sendTextOnClientTest: sent('SENDTEXT', 'a text'),
  sendTextThrowsIAEOnClientTest: refused('SENDTEXTTHROWS', 'null as a text'),
  sendTextWithHandlerOnClientTest: sent('SENDTEXTHANDLER', 'a text with a handler'),
  sendTextWithHandlerThrowsIAEOnClientWhenDataIsNullTest: refused(
    'SENDTEXTHANDLERTHROWSONDATA',
    'null as a text with a handler',
  ),
  sendTextWithHandlerThrowsIAEOnClientWhenHandlerIsNullTest: refused(
    'SENDTEXTHANDLERTHROWSONHANDLER',
    'null as the handler of a text',
  ),
  batchingAllowedOnClientTest: sent('BATCHING_ALLOWED', 'a text in a batch that is flushed'),
  sendPingOnClientTest: sends(OPERATIONS, 'SEND_PING', 'a ping is answered with a pong of the same data'),
  sendPingDelaysTimoutOnClientTest: staysAlive('PING_4_TIMES'),
  sendPingThrowsOnClientTest: refused('SEND_PING_THROWS', 'a ping of 126 bytes'),
  sendPongOnClientTest: sent('SEND_PONG', 'a pong'),
  sendPongDelaysTimoutOnClientTest: staysAlive('PONG_4_TIMES'),
  // A slip of the kit, kept: its operation sends no pong.
  sendPongThrowsOnClientTest: refused('SEND_PONG_THROWS', 'null as bytes, which the kit takes for a pong,'),
});
