import { createExtension, OnMessage, ServerEndpoint, ServerEndpointConfig, Session, type Extension } from 'serval';
import { overBothEngines } from '../application';

// Extensions as values, and as a configurator sees those that a client asks for.

const described = (extensions: readonly Extension[]): unknown =>
  extensions.map((extension) => [
    extension.getName(),
    ...extension.getParameters().map((parameter) => [parameter.getName(), parameter.getValue()]),
  ]);

test('[JAVADOC:73] [JAVADOC:74] [JAVADOC:75] [JAVADOC:76] an extension has a name and parameters in order', () => {
  const extension = createExtension('x-chat', [
    ['second', '2'],
    ['first', ''],
  ]);
  expect(extension.getName()).toBe('x-chat');
  expect(described([extension])).toEqual([['x-chat', ['second', '2'], ['first', '']]]);
});

overBothEngines((application) => {
  test('[JAVADOC:73] [JAVADOC:74] [JAVADOC:75] [JAVADOC:76] the extensions of a handshake are as the client wrote them', async () => {
    const requested: unknown[] = [];
    class Watching extends ServerEndpointConfig.Configurator {
      override getNegotiatedExtensions(_installed: readonly Extension[], asked: readonly Extension[]): Extension[] {
        requested.push(described(asked));
        return [];
      }
    }
    @ServerEndpoint({ value: '/chat', configurator: Watching })
    class Chat {
      @OnMessage say(_text: string, session: Session): number {
        return session.getNegotiatedExtensions().length;
      }
    }
    await application().start(Chat);
    await application().connectLiterally('/chat', {
      'Sec-WebSocket-Extensions': 'x-one; b=2; a; c="three", x-two',
    });
    expect(requested).toEqual([[['x-one', ['b', '2'], ['a', ''], ['c', 'three']], ['x-two']]]);
  });
});
