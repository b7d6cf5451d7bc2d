import { OnMessage, ServerEndpoint, ServerEndpointConfig } from '@serval/api';
import { LiteralSocket } from '@serval/testing';
import { Server, ServerContainer } from '../src';

@ServerEndpoint('/first')
class First {
  @OnMessage say(_text: string): void {}
}

@ServerEndpoint('/second')
class Second {
  @OnMessage say(_text: string): void {}
}

test.each([
  ['by default endpoints may be added after the first handshake', {}, undefined],
  ['noAddAfterHandshake refuses them', { noAddAfterHandshake: true }, 'WS_DEPLOY_TOO_LATE'],
  [
    'STRICT_SPEC_COMPLIANCE refuses them',
    { initParameters: { 'org.apache.tomcat.websocket.STRICT_SPEC_COMPLIANCE': 'true' } },
    'WS_DEPLOY_TOO_LATE',
  ],
  [
    'an explicit noAddAfterHandshake goes before STRICT_SPEC_COMPLIANCE',
    {
      initParameters: {
        'org.apache.tomcat.websocket.STRICT_SPEC_COMPLIANCE': 'true',
        'org.apache.tomcat.websocket.noAddAfterHandshake': 'false',
      },
    },
    undefined,
  ],
])('%s', async (_title, options, code) => {
  const server = await new Server({ host: '127.0.0.1', endpoints: [First], ...options }).start();
  const socket = await LiteralSocket.connect(server.port);
  await socket.upgrade('/first');
  const added = (): unknown => {
    try {
      return server.container.addEndpoint(Second);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(added()).toBe(code);
  // Deployed endpoints stay deployed either way.
  expect(server.container.match('/first')).toBeDefined();
  expect(server.container.match('/second') === undefined).toBe(code !== undefined);
  socket.destroy();
  await server.stop();
});

test('a Tomcat setting out of range in an endpoint’s user properties fails its deployment', () => {
  const config = ServerEndpointConfig.Builder.create(First, '/first').build();
  config.getUserProperties().set('org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT', 'soon');
  const failure = (): void => new ServerContainer().addEndpoint(config);
  expect(failure).toThrow(/could not be deployed/);
});
