import {
  Char,
  ClientEndpoint,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  ServerEndpoint,
  ServerEndpointConfig,
  Session,
  type HandlerAnnotation,
  type PathParamRole,
} from '@serval/api';
import type * as Spi from '@serval/api/spi';
import { pathParamOf, readClassRecord, type HandlerRecord } from '@serval/api/spi';

// This file is compiled in the legacy dialect; standard-decorators.test.ts holds the standard one.

type LooseDecorator = (...args: unknown[]) => any;

/** A session and path parameters are roles of every annotation. */
type AnyAnnotation = HandlerAnnotation<typeof Session | PathParamRole>;
const ANNOTATIONS: readonly (readonly [string, AnyAnnotation, HandlerRecord['kind']])[] = [
  ['@OnOpen', OnOpen, 'open'],
  ['@OnMessage', OnMessage, 'message'],
  ['@OnClose', OnClose, 'close'],
  ['@OnError', OnError, 'error'],
];

const handler = (kind: HandlerRecord['kind'], method: string | symbol, more: Partial<HandlerRecord> = {}): unknown => ({
  kind,
  method,
  problem: undefined,
  params: undefined,
  maxMessageSize: undefined,
  ...more,
});

describe('@ServerEndpoint', () => {
  test('records its path', () => {
    @ServerEndpoint('/chat')
    class Chat {}
    expect(readClassRecord(Chat)).toEqual({ handlers: [], parameters: [], serverEndpoint: { value: '/chat' } });
  });

  test('records attributes passed as a second argument or together with the path', () => {
    class Configurator extends ServerEndpointConfig.Configurator {}
    const attributes = { subprotocols: ['v1'], configurator: Configurator, inbound: 'concurrent' } as const;

    @ServerEndpoint('/chat', attributes)
    class Beside {}
    @ServerEndpoint({ value: '/chat', ...attributes })
    class With {}

    expect(readClassRecord(Beside)?.serverEndpoint).toEqual({ value: '/chat', ...attributes });
    expect(readClassRecord(With)?.serverEndpoint).toEqual({ value: '/chat', ...attributes });
  });

  test('does not change the class', () => {
    class Chat {}
    expect(ServerEndpoint('/chat')(Chat)).toBeUndefined();
    expect(Object.keys(Chat)).toEqual([]);
  });

  test('throws a TypeError that names the remedy when it is written bare', () => {
    class Chat {}
    expect(() => (ServerEndpoint as LooseDecorator)(Chat)).toThrow(TypeError);
    expect(() => (ServerEndpoint as LooseDecorator)(Chat)).toThrow('@ServerEndpoint has no path');
  });
});

describe('@ClientEndpoint', () => {
  test('works bare and called, with and without attributes', () => {
    @ClientEndpoint
    class Bare {}
    @ClientEndpoint()
    class Called {}
    @ClientEndpoint({ subprotocols: ['v1'] })
    class WithAttributes {}

    expect(readClassRecord(Bare)).toEqual({ handlers: [], parameters: [], clientEndpoint: {} });
    expect(readClassRecord(Called)?.clientEndpoint).toEqual({});
    expect(readClassRecord(WithAttributes)?.clientEndpoint).toEqual({ subprotocols: ['v1'] });
    expect(new Bare()).toBeInstanceOf(Bare);
  });

  test('can be combined with @ServerEndpoint', () => {
    @ClientEndpoint()
    @ServerEndpoint('/chat')
    class Both {}
    expect(readClassRecord(Both)).toMatchObject({ clientEndpoint: {}, serverEndpoint: { value: '/chat' } });
  });
});

describe.each(ANNOTATIONS)('%s', (name, annotation, kind) => {
  test('records a method, bare or called', () => {
    class Chat {
      @annotation bare(): void {}
      @annotation() called(): void {}
    }
    expect(readClassRecord(Chat)?.handlers).toEqual([handler(kind, 'bare'), handler(kind, 'called')]);
  });

  test('records a list of roles unchanged', () => {
    const params = [Session, PathParam('room')] as const;
    class Chat {
      @annotation({ params }) listed(_session: Session, _room: string): void {}
    }
    expect(readClassRecord(Chat)?.handlers).toEqual([handler(kind, 'listed', { params })]);
    expect(readClassRecord(Chat)?.handlers[0]?.params).toBe(params);
  });

  test('records methods named by symbols', () => {
    const tick = Symbol('tick');
    class Ticker {
      @annotation [tick](): void {}
      @annotation [Symbol.iterator](): void {}
    }
    expect(readClassRecord(Ticker)?.handlers).toEqual([handler(kind, tick), handler(kind, Symbol.iterator)]);
  });

  test('does not change the method', () => {
    const method = (): void => {};
    class Chat {}
    Object.defineProperty(Chat.prototype, 'say', { value: method, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(Chat.prototype, 'say');
    expect((annotation as LooseDecorator)(Chat.prototype, 'say', descriptor)).toBeUndefined();
    expect((annotation as LooseDecorator)()(Chat.prototype, 'say', descriptor)).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(Chat.prototype, 'say')?.value).toBe(method);
  });

  test('records members that cannot be handlers, so that deployment can reject them', () => {
    const loose = annotation as LooseDecorator;
    class Chat {
      @loose static everywhere(): void {}
      @loose field = (): void => {};
      @loose get accessor(): string {
        return '';
      }
    }
    expect(readClassRecord(Chat)?.handlers.map(({ method, problem }) => [method, problem])).toEqual([
      ['field', 'is not a method'],
      ['accessor', 'is not a method'],
      ['everywhere', 'is static'],
    ]);
  });

  test.each([
    ['bare on a class', (target: unknown) => (annotation as LooseDecorator)(target), 'a class or function'],
    ['called on a class', (target: unknown) => (annotation as LooseDecorator)()(target), 'a class or function'],
    ['called on nothing', () => (annotation as LooseDecorator)()(undefined), 'undefined'],
    ['called with a class instead of options', () => (annotation as LooseDecorator)(Session), 'a class or function'],
    ['called with a symbol instead of options', () => (annotation as LooseDecorator)(Symbol('text')), 'Symbol(text)'],
    ['called with null instead of options', () => (annotation as LooseDecorator)(null), 'null'],
  ])('throws a TypeError when it is %s', (_how, use, found) => {
    class Chat {}
    expect(() => use(Chat)).toThrow(TypeError);
    expect(() => use(Chat)).toThrow(
      `${name} decorates a method, bare or with options such as { params: [] }; found ${found}.`,
    );
    expect(readClassRecord(Chat)).toBeUndefined();
  });
});

test('@OnMessage records the type of messages, with and without roles', () => {
  class Chat {
    @OnMessage('say') say(): void {}
    @OnMessage(2, { params: [Session] }) leave(_session: Session): void {}
  }
  expect(readClassRecord(Chat)?.handlers).toMatchObject([
    { kind: 'message', method: 'say', type: 'say', params: undefined },
    { kind: 'message', method: 'leave', type: 2, params: [Session] },
  ]);
});

test.each([OnOpen, OnClose, OnError])('an annotation other than @OnMessage has no type', (annotation) => {
  expect(() => (annotation as LooseDecorator)('say')).toThrow(TypeError);
});

test('@OnMessage records maxMessageSize with and without roles', () => {
  class Chat {
    @OnMessage({ maxMessageSize: 100 }) small(_text: string): void {}
    @OnMessage({ maxMessageSize: 1e6, params: [Buffer] }) large(_bytes: Buffer): void {}
  }
  expect(readClassRecord(Chat)?.handlers).toEqual([
    handler('message', 'small', { maxMessageSize: 100 }),
    handler('message', 'large', { maxMessageSize: 1e6, params: [Buffer] }),
  ]);
});

test('one method may carry several annotations', () => {
  class Chat {
    @OnOpen @OnClose note(): void {}
  }
  expect(
    readClassRecord(Chat)
      ?.handlers.map(({ kind }) => kind)
      .sort(),
  ).toEqual(['close', 'open']);
});

describe('@PathParam', () => {
  test('records method, index, name and type on a parameter', () => {
    class Chat {
      @OnMessage say(_text: string, @PathParam('room') _room: string, @PathParam('seat', Number) _seat: number): void {}
    }
    expect(readClassRecord(Chat)?.parameters).toEqual(
      expect.arrayContaining([
        { method: 'say', index: 1, role: { name: 'room', type: undefined } },
        { method: 'say', index: 2, role: { name: 'seat', type: Number } },
      ]),
    );
    expect(readClassRecord(Chat)?.parameters).toHaveLength(2);
  });

  test('records a constructor parameter under the name constructor', () => {
    class Chat {
      constructor(@PathParam('room') readonly room: string) {}
    }
    expect(readClassRecord(Chat)?.parameters).toEqual([
      { method: 'constructor', index: 0, role: { name: 'room', type: undefined } },
    ]);
  });

  test('carries its name and type as an entry of a params list', () => {
    expect(pathParamOf(PathParam('room'))).toEqual({ name: 'room', type: undefined });
    expect(pathParamOf(PathParam('seat', Number))).toEqual({ name: 'seat', type: Number });
    expect(pathParamOf(PathParam('grade', Char))).toEqual({ name: 'grade', type: Char });
  });

  test.each([[Session], [String], [Char], [undefined], [null], ['room'], [{}]])(
    '%p is not a path parameter',
    (role) => {
      expect(pathParamOf(role)).toBeUndefined();
    },
  );
});

describe('the record of a class', () => {
  class Base {
    @OnOpen open(): void {}
    @OnMessage say(_text: string, @PathParam('room') _room: string): void {}
  }

  test('holds only the members of the class’s own body', () => {
    class Extended extends Base {
      @OnClose close(@PathParam('seat') _seat: string): void {}
    }
    expect(readClassRecord(Extended)).toEqual({
      handlers: [handler('close', 'close')],
      parameters: [{ method: 'close', index: 0, role: { name: 'seat', type: undefined } }],
    });
    expect(readClassRecord(Base)?.handlers.map(({ method }) => method)).toEqual(['open', 'say']);
  });

  test('does not exist for a class that only inherits handlers', () => {
    class Inheriting extends Base {}
    expect(readClassRecord(Inheriting)).toBeUndefined();
  });

  test('does not exist for a class without decorators', () => {
    class Plain {}
    expect(readClassRecord(Plain)).toBeUndefined();
  });

  test('is not enumerable, and all copies of this package share it', () => {
    expect(Object.keys(Base)).toEqual([]);
    expect(Object.hasOwn(Base, Symbol.for('serval:endpoint'))).toBe(true);
    jest.isolateModules(() => {
      const copy = jest.requireActual<typeof Spi>('@serval/api/spi');
      expect(copy.readClassRecord).not.toBe(readClassRecord);
      expect(copy.readClassRecord(Base)).toBe(readClassRecord(Base));
      expect(copy.pathParamOf(PathParam('room'))).toEqual({ name: 'room', type: undefined });
    });
  });
});
