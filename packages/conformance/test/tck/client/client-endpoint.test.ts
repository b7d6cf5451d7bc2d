import { ClientEndpoint, ClientEndpointConfig, OnMessage, type HandshakeResponse } from 'serval';
import { context as annotated } from '../applications/ee-clientendpoint';
import { context as programmatic } from '../applications/ee-endpoint-client';
import { kitSuite, type Application } from './kit-suite';
import { RecordingClient, RecordingEndpoint, says } from './recording-endpoints';

const THROWN = 'TCK test throwable';

@ClientEndpoint
class EchoClient extends RecordingClient {
  @OnMessage
  onMessage(text: string): void {
    this.heard.message(text);
    if (text === 'THROW') throw new Error(THROWN);
  }
}

/** The objects that the container created from the given classes, and the arguments, of which there must be none. */
const made: EchoClient[] = [];

abstract class MadeClient extends EchoClient {
  constructor(text: string) {
    super(says.text(text));
    made.push(this);
  }
}

@ClientEndpoint({ subprotocols: ['MBLWS.huawei.com', 'soap'] })
class MatchedSubprotocolClient extends MadeClient {
  constructor() {
    super('NEGOTIATED');
  }
}

@ClientEndpoint({ subprotocols: ['wamp', 'v10.stomp'] })
class UnmatchedSubprotocolClient extends MadeClient {
  constructor() {
    super('NEGOTIATED');
  }
}

class RecordingConfigurator extends ClientEndpointConfig.Configurator {
  static readonly calls: string[] = [];

  override beforeRequest(headers: Map<string, string[]>): void {
    RecordingConfigurator.calls.push(`beforeRequest ${headers.get('Upgrade')?.join()}`);
  }

  override afterResponse(response: HandshakeResponse): void {
    RecordingConfigurator.calls.push(`afterResponse ${response.getHeaders().get('upgrade')?.join()}`);
  }
}

@ClientEndpoint({ configurator: RecordingConfigurator })
class ConfiguredClient extends MadeClient {
  constructor() {
    super('ECHO_MSG');
  }
}

/** Connects a class. @returns the subprotocol, once its instance has heard this answer */
async function negotiated(
  application: Application,
  client: typeof MatchedSubprotocolClient,
  answer: string,
): Promise<string> {
  made.length = 0;
  const session = await application.connect('/subprotocol', client);
  expect(made).toHaveLength(1);
  await made[0]?.heard.until(1);
  expect(made[0]?.heard.messages).toEqual([answer]);
  const subprotocol = session.getNegotiatedSubprotocol();
  await session.close();
  return subprotocol;
}

kitSuite('ee.clientendpoint.WSClientIT', annotated, {
  subprotocolsMatchTest: {
    claim: 'a subprotocol of the annotation that the server has is negotiated',
    run: async (application) => {
      const subprotocol = await negotiated(application, MatchedSubprotocolClient, '{MBLWS.huawei.com}');
      expect(subprotocol).toBe('MBLWS.huawei.com');
    },
  },
  subprotocolsNotMatchTest: {
    claim: 'without a subprotocol that the server has, the session opens with none',
    run: async (application) => {
      expect(await negotiated(application, UnmatchedSubprotocolClient, '{}')).toBe('');
    },
  },
  configuratorTest: {
    claim: 'the configurator of the annotation is called before the request and after the response, once each',
    run: async (application) => {
      made.length = 0;
      RecordingConfigurator.calls.length = 0;
      const session = await application.connect('/echo', ConfiguredClient);
      await made[0]?.heard.until(1);
      expect(made[0]?.heard.messages).toEqual(['ECHO_MSG']);
      expect(RecordingConfigurator.calls).toEqual(['beforeRequest websocket', 'afterResponse websocket']);
      await session.close();
    },
  },
  onErrorWorksTest: {
    claim: '@OnError is called with what @OnMessage throws, and not before',
    run: async (application) => {
      await application.converse('/echo', new EchoClient(says.text('ECHO_MSG')), ['ECHO_MSG']);
      await errorIsTold(application, new EchoClient(says.text('THROW')));
    },
  },
  onCloseWorksTest: {
    claim: '@OnClose is called when the client closes the session, and not before',
    run: (application) => closeIsTold(application, new EchoClient(says.text('ECHO_MSG'))),
  },
});

class ThrowingEndpoint extends RecordingEndpoint {
  constructor(text: string) {
    super(says.text(text), (session, heard) =>
      session.addMessageHandler((message: string) => {
        heard.message(message);
        if (message === 'THROW') throw new Error(THROWN);
      }),
    );
  }
}

kitSuite('ee.endpoint.client.WSClientIT', programmatic, {
  onErrorWorksTest: {
    claim: 'onError is called with what a message handler throws, and not before',
    run: async (application) => {
      await application.converse('/echo', new ThrowingEndpoint('ECHO_MSG'), ['ECHO_MSG']);
      await errorIsTold(application, new ThrowingEndpoint('THROW'));
    },
  },
  onCloseWorksTest: {
    claim: 'onClose is called when the client closes the session, and not before',
    run: (application) => closeIsTold(application, new ThrowingEndpoint('ECHO_MSG')),
  },
});

async function errorIsTold(application: Application, client: RecordingClient | RecordingEndpoint): Promise<void> {
  const session = await application.connect('/echo', client);
  await client.heard.until(1, 1);
  expect(client.heard.messages).toEqual(['THROW']);
  expect(client.heard.errors).toEqual([new Error(THROWN)]);
  expect(session.isOpen()).toBe(true);
  await session.close();
}

async function closeIsTold(application: Application, client: RecordingClient | RecordingEndpoint): Promise<void> {
  const session = await application.connect('/echo', client);
  await client.heard.until(1);
  let isTold = false;
  void client.heard.closed.then(() => (isTold = true));
  // If it has not run after another message there and back, it does not run.
  await session.getBasicRemote().sendText('another');
  await client.heard.until(2);
  expect([isTold, client.heard.messages]).toEqual([false, ['ECHO_MSG', 'another']]);
  await session.close();
  const reason = await client.heard.closed;
  expect([reason.getCloseCode().getCode(), reason.getReasonPhrase()]).toEqual([1000, '']);
}
