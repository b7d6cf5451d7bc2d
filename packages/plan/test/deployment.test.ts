import {
  ClientEndpoint,
  Endpoint,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  Session,
  type CloseReason,
} from '@serval/api';
import { expectRefusal, fakeSession, plan, refusalOf, type LooseDecorator } from './planning';

const BELONGS = 'belongs on a public instance method';

describe('an endpoint', () => {
  test.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['text', 'Chat', '"Chat"'],
    ['a number', 42, '42'],
    ['an instance', {}, 'an object'],
    ['an arrow function', () => undefined, 'a function'],
  ])('%s is not one', (_what, value, found) => {
    expectRefusal(value, 'WS_DEPLOY_NOT_AN_ENDPOINT', [`An endpoint is a class; found ${found}.`]);
  });

  test('a class without annotations is not one', () => {
    class Chat {
      say(_text: string): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_NOT_AN_ENDPOINT', [
      'Chat is not an endpoint',
      'no @ServerEndpoint or @ClientEndpoint, no handler method such as @OnMessage',
      'does not extend Endpoint',
    ]);
  });

  test('[WSC-4.8.1] a subclass of an annotated class needs its own annotation', () => {
    @ServerEndpoint('/chat')
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    class Subclass extends Chat {}
    expectRefusal(Subclass, 'WS_DEPLOY_NOT_AN_ENDPOINT', [
      'Subclass is not an endpoint',
      'A subclass does not inherit its superclass’s class annotation (WSC-4.8)',
    ]);
  });

  test('the message calls a class without a name anonymous', () => {
    expectRefusal((() => class {})(), 'WS_DEPLOY_NOT_AN_ENDPOINT', ['(anonymous class) is not an endpoint']);
  });

  test('[WSC-4.1-1] a class with @ServerEndpoint is one, and needs no methods', () => {
    @ServerEndpoint('/silent')
    class Silent {}
    expect(plan(Silent)).toEqual({
      endpointClass: Silent,
      name: 'Silent',
      open: undefined,
      close: undefined,
      error: undefined,
      text: undefined,
      binary: undefined,
      pong: undefined,
      pathParameterNames: [],
      unhandledTypes: [],
      codecs: { encoders: [], decoders: [], classes: [] },
      inbound: 'serial',
    });
  });

  test('a class with @ClientEndpoint is one', () => {
    @ClientEndpoint
    class Silent {}
    expect(plan(Silent).name).toBe('Silent');
  });

  test('a class with only handler methods is one, for a ServerEndpointConfig', () => {
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    expect(plan(Chat).text?.method).toBe('say');
  });

  test('inbound is serial or concurrent', () => {
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    expect(plan(Chat, { inbound: 'concurrent' }).inbound).toBe('concurrent');
    expectRefusal(Chat, 'WS_DEPLOY_BAD_OPTION', ['Chat: inbound', "'serial' or 'concurrent'", 'found "parallel"'], {
      inbound: 'parallel' as never,
    });
  });
});

describe('a programmatic endpoint', () => {
  const session = fakeSession();
  const reason = {} as CloseReason;

  test('receives session and config, session and reason, session and error', () => {
    class Echo extends Endpoint {
      override onOpen(): void {}
      override onError(): void {}
    }
    const { open, close, error, text, binary, pong, pathParameterNames } = plan(Echo);
    expect(open?.method).toBe('onOpen');
    expect(open?.bind(session, undefined, true)).toEqual([session, session.endpointConfig]);
    expect(close?.method).toBe('onClose');
    expect(close?.bind(session, reason, true)).toEqual([session, reason]);
    expect(error?.method).toBe('onError');
    const thrown = new Error('why');
    expect(error?.bind(session, thrown, true)).toEqual([session, thrown]);
    expect([text, binary, pong, pathParameterNames]).toEqual([undefined, undefined, undefined, []]);
  });

  test('[WSC-5.2.2-3] has no error handler unless it overrides onError, itself or in a superclass', () => {
    class Echo extends Endpoint {
      override onOpen(): void {}
    }
    class Careful extends Echo {
      override onError(): void {}
    }
    class Subclass extends Careful {}
    expect(plan(Echo).error).toBeUndefined();
    expect(plan(Careful).error?.method).toBe('onError');
    expect(plan(Subclass).error?.method).toBe('onError');
  });
});

describe('one method for each annotation', () => {
  test('[WSC-4.4-3] two methods with @OnOpen', () => {
    class Chat {
      @OnOpen first(): void {}
      @OnOpen second(): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['Chat', '@OnOpen: first and second', 'Keep one']);
  });

  test('[WSC-4.5-4] two methods with @OnClose', () => {
    class Chat {
      @OnClose first(): void {}
      @OnClose second(): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['Chat', '@OnClose: first and second', 'Keep one']);
  });

  test('[WSC-4.6-3] two methods with @OnError', () => {
    class Chat {
      @OnError first(_error: Error): void {}
      @OnError second(_error: Error): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['Chat', '@OnError: first and second', 'Keep one']);
  });

  test('the same annotation twice on one method', () => {
    class Chat {
      @OnOpen @OnOpen() open(): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['Chat', '@OnOpen: open and open']);
  });

  test('[WSC-4.8.1] one in the class and another in its superclass', () => {
    class Base {
      @OnOpen inherited(): void {}
    }
    @ServerEndpoint('/chat')
    class Chat extends Base {
      @OnOpen own(): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['Chat', '@OnOpen: own and inherited']);
  });

  test('[WSC-4.8.1] both in superclasses', () => {
    class Base {
      @OnClose lowest(): void {}
    }
    class Middle extends Base {
      @OnClose middle(): void {}
    }
    @ServerEndpoint('/chat')
    class Chat extends Middle {}
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['Chat', '@OnClose: middle and lowest']);
  });

  test('different annotations on one method are no duplicates', () => {
    class Chat {
      @OnOpen @OnClose note(_session: Session): void {}
    }
    expect(plan(Chat).open?.method).toBe('note');
    expect(plan(Chat).close?.method).toBe('note');
  });
});

describe('inheritance', () => {
  class Base {
    @OnOpen open(_session: Session): void {}
    @OnMessage say(_text: string): string {
      return 'base';
    }
  }
  const session = fakeSession();

  test('uses the annotated methods of superclasses', () => {
    @ServerEndpoint('/chat')
    class Chat extends Base {
      @OnClose close(): void {}
    }
    const { open, text, close } = plan(Chat);
    expect(open?.bind(session, undefined, true)).toEqual([session]);
    expect(text?.method).toBe('say');
    expect(close?.method).toBe('close');
  });

  test('an override with the annotation replaces the inherited method', () => {
    @ServerEndpoint('/chat')
    class Chat extends Base {
      @OnOpen override open(): void {}
      @OnMessage override say(_text: string, _session?: Session): string {
        return 'own';
      }
    }
    expect(plan(Chat).open?.bind(session, undefined, true)).toEqual([]);
    expect(plan(Chat).text?.bind(session, 'hello', true)).toEqual(['hello', session]);
  });

  test('an override without the annotation is not a handler, and hides the inherited one', () => {
    @ServerEndpoint('/chat')
    class Chat extends Base {
      override open(): void {}
      @OnMessage hear(_text: string): void {}
      override say(): string {
        return 'own';
      }
    }
    expect(plan(Chat).open).toBeUndefined();
    expect(plan(Chat).text?.method).toBe('hear');
  });

  test('an override in an intermediate class hides it too', () => {
    class Middle extends Base {
      override open(): void {}
    }
    @ServerEndpoint('/chat')
    class Chat extends Middle {}
    expect(plan(Chat).open).toBeUndefined();
    expect(plan(Chat).text?.method).toBe('say');
  });

  test('an override may have another annotation', () => {
    @ServerEndpoint('/chat')
    class Chat extends Base {
      @OnClose override open(): void {}
    }
    expect(plan(Chat).open).toBeUndefined();
    expect(plan(Chat).close?.method).toBe('open');
  });

  test('the message names the deployed class for an inherited method that breaks a rule', () => {
    class Broken {
      @OnOpen open(_when: Date): void {}
    }
    @ServerEndpoint('/chat')
    class Chat extends Broken {}
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', ['Chat.open: parameter 1', 'Date']);
  });

  test('a static method of the same name does not hide an inherited handler', () => {
    @ServerEndpoint('/chat')
    class Chat extends Base {
      static say(): void {}
    }
    expect(plan(Chat).text?.method).toBe('say');
  });
});

describe('a handler', () => {
  const loose = OnMessage as unknown as LooseDecorator;

  test('is not a static method', () => {
    class Chat {
      @OnMessage static say(_text: string): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_BAD_METHOD', ['Chat.say is static', '@OnMessage', BELONGS]);
  });

  test('is not a field', () => {
    class Chat {
      @loose say = (_text: string): void => {};
    }
    expectRefusal(Chat, 'WS_DEPLOY_BAD_METHOD', ['Chat.say is not a method', '@OnMessage', BELONGS]);
  });

  test('is not an accessor', () => {
    class Chat {
      @loose get say(): string {
        return '';
      }
    }
    expectRefusal(Chat, 'WS_DEPLOY_BAD_METHOD', ['Chat.say is not a method', '@OnMessage', BELONGS]);
  });

  test.each([
    ['a private method', { kind: 'method', name: '#say', static: false, private: true }, 'Chat.#say is private'],
    ['a static method', { kind: 'method', name: 'say', static: true, private: false }, 'Chat.say is static'],
    ['a field', { kind: 'field', name: 'say', static: false, private: false }, 'Chat.say is a field, not a method'],
    ['a getter', { kind: 'getter', name: 'say', static: false, private: false }, 'Chat.say is a getter, not a method'],
    ['an accessor', { kind: 'accessor', name: 'say', static: false, private: false }, 'Chat.say is an accessor, not'],
  ])('in the standard dialect is not %s', (_what, context, problem) => {
    class Chat {}
    const metadata = {};
    Object.defineProperty(Chat, (Symbol as { metadata?: symbol }).metadata!, { value: metadata });
    (OnClose as unknown as LooseDecorator)(() => undefined, { ...context, metadata });
    expectRefusal(Chat, 'WS_DEPLOY_BAD_METHOD', [problem, '@OnClose', BELONGS]);
  });

  test('may be a method named by a symbol', () => {
    const say = Symbol('say');
    class Chat {
      @OnMessage [say](_text: string): void {}
    }
    expect(plan(Chat).text?.method).toBe(say);
    class Broken {
      @OnOpen [say](_when: Date): void {}
    }
    expectRefusal(Broken, 'WS_DEPLOY_BAD_PARAMETER', ['Broken.Symbol(say): parameter 1']);
  });
});

describe('maxMessageSize', () => {
  const chatWith = (maxMessageSize: unknown): unknown => {
    class Chat {
      @OnMessage({ maxMessageSize: maxMessageSize as number }) say(_text: string): void {}
    }
    return Chat;
  };

  test('defaults to -1, the session’s limit', () => {
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    expect(plan(Chat).text?.maxMessageSize).toBe(-1);
  });

  test.each([-1, 0, 1, 8192, 2 ** 31 - 1])('may be %i', (size) => {
    expect(plan(chatWith(size)).text?.maxMessageSize).toBe(size);
  });

  test.each([[2 ** 31], [-2], [1.5], [NaN], [Infinity], ['100'], [100n]])('must not be %p', (size) => {
    expectRefusal(chatWith(size), 'WS_DEPLOY_BAD_OPTION', [
      'Chat.say: maxMessageSize is a whole number of bytes from -1 (none) to 2147483647',
      `found ${String(size)}.`,
    ]);
  });

  test('applies to each native type that the method takes', () => {
    class Chat {
      @OnMessage({ maxMessageSize: 10 }) say(_bytes: Buffer): void {}
    }
    expect(plan(Chat).binary?.maxMessageSize).toBe(10);
  });
});

test('[WSC-5.2.1-2] a refusal names the class, the method, the position, the value found and the remedy', () => {
  class Chat {
    @OnOpen open(_session: Session, _when: Date): void {}
  }
  expect(refusalOf(Chat).message).toBe(
    'Chat.open: parameter 2 is of type Date; @OnOpen takes a Session, an EndpointConfig and @PathParam parameters ' +
      '(WSC-4.4). Remove it or change its type.',
  );
});
