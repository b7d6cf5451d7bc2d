import {
  CloseReason,
  HandshakeRejection,
  HandshakeRequest,
  HandshakeResponse,
  IllegalArgumentException,
} from '@serval/api';

describe('HandshakeRejection', () => {
  test('has only a status by default', () => {
    const rejection = new HandshakeRejection(401);
    expect(rejection).toBeInstanceOf(Error);
    expect(rejection.name).toBe('HandshakeRejection');
    expect(rejection.message).toBe('handshake refused with 401');
    expect(rejection.status).toBe(401);
    expect(rejection.response).toEqual({});
    expect(rejection.closeReason).toBeUndefined();
    expect(rejection.code).toBe('WS_HANDSHAKE_REJECTED');
  });

  test('carries headers and a body', () => {
    const response = { headers: { 'WWW-Authenticate': ['Bearer', 'Basic'] }, body: 'who are you?' };
    expect(new HandshakeRejection(401, response).response).toEqual(response);
  });

  test.each([300, 307, 401, 404, 503, 599])('accepts status %i', (status) => {
    expect(new HandshakeRejection(status).status).toBe(status);
  });

  test.each([0, 101, 200, 299, 600, -401, 401.5, NaN])('rejects status %d', (status) => {
    expect(() => new HandshakeRejection(status)).toThrow(IllegalArgumentException);
    expect(() => new HandshakeRejection(status)).toThrow(`from 300 to 599; found ${status}`);
  });

  test('closeWith accepts the handshake and closes with a reason', () => {
    const reason = new CloseReason(4401, 'token expired');
    const rejection = HandshakeRejection.closeWith(reason);
    expect(rejection).toBeInstanceOf(HandshakeRejection);
    expect(rejection.closeReason).toBe(reason);
    expect(rejection.message).toBe('handshake closed with CloseReason[4401,token expired]');
  });
});

test('HandshakeRequest and HandshakeResponse have the header names as constants, as in Java', () => {
  expect(HandshakeRequest.SEC_WEBSOCKET_KEY).toBe('Sec-WebSocket-Key');
  expect(HandshakeRequest.SEC_WEBSOCKET_PROTOCOL).toBe('Sec-WebSocket-Protocol');
  expect(HandshakeRequest.SEC_WEBSOCKET_VERSION).toBe('Sec-WebSocket-Version');
  expect(HandshakeRequest.SEC_WEBSOCKET_EXTENSIONS).toBe('Sec-WebSocket-Extensions');
  expect(HandshakeResponse.SEC_WEBSOCKET_ACCEPT).toBe('Sec-WebSocket-Accept');
});
