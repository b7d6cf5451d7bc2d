import { ClientEndpointConfig, HandshakeException, type HandshakeResponse } from 'serval';
import type { TckContext } from '../context';
import { context as clientEndpointConfig } from '../applications/ee-clientendpointconfig';
import { context as handshakeResponse } from '../applications/ee-handshakeresponse';
import { TckServer } from '../tck-server';
import { Application } from './kit-suite';
import { RecordingEndpoint, says } from './recording-endpoints';

// The two tests of a client that the kit's draft of version 2.3 adds.

let server: TckServer;
beforeAll(async () => {
  const contexts = [clientEndpointConfig, handshakeResponse];
  server = await TckServer.start({ contexts, port: 0, host: '127.0.0.1' });
});
afterAll(() => server.stop());

const application = (context: TckContext): Application => new Application(server, context);

test('ee.clientendpointconfig testClientSideUserProperties: a session begins with a copy of the configuration’s', async () => {
  const config = ClientEndpointConfig.Builder.create().build();
  const value = {};
  config.getUserProperties().set('CEC-1', value);
  const endpoint = new RecordingEndpoint(() => undefined);
  const session = await application(clientEndpointConfig).connect('/TCKTestServer', endpoint, config);
  expect(session.getUserProperties().get('CEC-1')).toBe(value);
  session.getUserProperties().set('Session-1', 'Session-1');
  expect([...config.getUserProperties().keys()]).toEqual(['CEC-1']);
  await session.close();
});

test('ee.handshakeresponse failedConnectionTest: the configurator receives the response that refuses the connection', async () => {
  const calls: string[] = [];
  class RecordingConfigurator extends ClientEndpointConfig.Configurator {
    override beforeRequest(): void {
      calls.push('beforeRequest');
    }
    override afterResponse(response: HandshakeResponse): void {
      calls.push(`afterResponse, Content-Length ${response.getHeaders().get('Content-Length')?.join()}`);
    }
  }
  const config = ClientEndpointConfig.Builder.create().configurator(new RecordingConfigurator()).build();
  const endpoint = new RecordingEndpoint(says.text('anything'));
  const connecting = application(handshakeResponse).connect('/doesNotExist', endpoint, config);
  await expect(connecting).rejects.toThrow(HandshakeException);
  await expect(connecting).rejects.toMatchObject({ code: 'WS_CONNECT_REFUSED', status: 404 });
  expect(calls).toEqual(['beforeRequest', 'afterResponse, Content-Length 0']);
});
