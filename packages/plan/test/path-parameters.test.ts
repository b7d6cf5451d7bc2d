import {
  Char,
  DecodeException,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  Session,
  type PrimitiveType,
} from '@serval/api';
import { endpointWith, expectRefusal, fakeSession, plan, type LooseDecorator } from './planning';

const loosePathParam = PathParam as unknown as LooseDecorator;

describe('the type of a path parameter', () => {
  test('[WSC-4.3-4] [WSC-4.3-5] is the type that the compiler emits', () => {
    class Table {
      @OnOpen open(
        @PathParam('text') _text: string,
        @PathParam('number') _number: number,
        @PathParam('flag') _flag: boolean,
        @PathParam('large') _large: bigint,
        @PathParam('choice') _choice: 'red' | 'blue',
      ): void {}
    }
    const session = fakeSession({ text: '42', number: '42', flag: 'TRUE', large: '42', choice: 'red' });
    expect(plan(Table).open?.bind(session, undefined, true)).toEqual(['42', 42, true, 42n, 'red']);
  });

  test('is the named one, whatever the compiler emits', () => {
    class Table {
      @OnOpen open(
        @PathParam('number', Number) _number: number | undefined,
        @PathParam('text', String) _text: string | null,
        @PathParam('grade', Char) _grade: string,
      ): void {}
    }
    const session = fakeSession({ number: '42', text: '42', grade: 'excellent' });
    expect(plan(Table).open?.bind(session, undefined, true)).toEqual([42, '42', 'e']);
  });

  test.each<[PrimitiveType | undefined, string, unknown]>([
    [undefined, '42', '42'],
    [String, '42', '42'],
    [Number, '42', 42],
    [Boolean, 'true', true],
    [BigInt, '42', 42n],
    [Char, 'xyz', 'x'],
  ])('in a params list is %p', (type, segment, value) => {
    const role = type === undefined ? PathParam('p') : PathParam('p', type);
    const { open } = plan(endpointWith(OnOpen, [role]));
    expect(open?.bind(fakeSession({ p: segment }), undefined, true)).toEqual([value]);
  });

  test('is a string if the compiler emits nothing', () => {
    class Table {
      open(_room: string): void {}
    }
    PathParam('room')(Table.prototype, 'open', 0);
    OnOpen(Table.prototype, 'open', Object.getOwnPropertyDescriptor(Table.prototype, 'open')!);
    expect(Reflect.getMetadata('design:paramtypes', Table.prototype, 'open')).toBeUndefined();
    expect(plan(Table).open?.bind(fakeSession({ room: '42' }), undefined, true)).toEqual(['42']);
  });

  test('[WSC-4.3-1] must not be another class', () => {
    class Table {
      @OnOpen open(_session: Session, @PathParam('when') _when: Date): void {}
    }
    expectRefusal(Table, 'WS_DEPLOY_BAD_PARAMETER', [
      'Table.open: parameter 2 is a path parameter "when" of type Date',
      'declare it as string, number, boolean or bigint, or name the type: @PathParam("when", String), ' +
        'or Number, Boolean, BigInt; the parameter may then be "string | null" (WSC-4.3-1).',
    ]);
  });

  test.each<[string, () => unknown]>([
    [
      'a union',
      () => {
        class Table {
          @OnOpen open(@PathParam('id') _id: string | number): void {}
        }
        return Table;
      },
    ],
    [
      'an optional value',
      () => {
        class Table {
          @OnOpen open(@PathParam('id') _id: string | undefined): void {}
        }
        return Table;
      },
    ],
    [
      'unknown',
      () => {
        class Table {
          @OnOpen open(@PathParam('id') _id: unknown): void {}
        }
        return Table;
      },
    ],
  ])('[WSC-4.3-1] must not be %s, which the compiler erases', (_title, make) => {
    expectRefusal(make(), 'WS_DEPLOY_BAD_PARAMETER', [
      'Table.open: parameter 1 is a path parameter "id" of type Object',
      'an interface, a union',
      'declare it as string, number, boolean or bigint, or name the type',
    ]);
  });

  test.each([[Date], [Object], [Symbol], ['number']])('[WSC-4.3-1] must not be %p in a params list', (type) => {
    expectRefusal(endpointWith(OnMessage, [String, loosePathParam('id', type)]), 'WS_DEPLOY_BAD_PARAMETER', [
      'Endpoint.handle: parameter 2 is a path parameter "id" of type',
      'name the type: @PathParam("id", String), or Number, Boolean, BigInt',
    ]);
  });
});

describe('[WSC-4.3-2] a path parameter needs a name', () => {
  const parts = (label: string): string[] => [
    `${label}: parameter 2 has a @PathParam without a name`,
    '@PathParam("room") (WSC-4.3-2).',
  ];

  test.each([[undefined], [''], [42], [null]])('and not %p, as a decorator', (name) => {
    class Chat {
      @OnMessage say(_text: string, @loosePathParam(name) _room: string): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', parts('Chat.say'));
  });

  test.each([[undefined], [''], [42], [null]])('and not %p, in a params list', (name) => {
    expectRefusal(
      endpointWith(OnMessage, [String, loosePathParam(name)]),
      'WS_DEPLOY_BAD_PARAMETER',
      parts('Endpoint.handle'),
    );
  });
});

describe('[WSC-4.3-3] the path parameter names of an endpoint', () => {
  test('are those of all its handlers, including inherited ones', () => {
    class Base {
      @OnClose close(@PathParam('base') _base: string): void {}
    }
    class Chat extends Base {
      @OnOpen open(@PathParam('room') _room: string, @PathParam('seat') _seat: number): void {}
      @OnMessage({ params: [String, PathParam('room')] }) say(_text: string, _room: string): void {}
      @OnError fail(_error: Error, @PathParam('failed') _failed: string): void {}
      notAHandler(@PathParam('unused') _unused: string): void {}
    }
    expect(new Set(plan(Chat).pathParameterNames)).toEqual(new Set(['base', 'room', 'seat', 'failed']));
  });

  test('do not include those of an overridden method', () => {
    class Base {
      @OnOpen open(@PathParam('base') _base: string): void {}
    }
    class Chat extends Base {
      @OnOpen override open(@PathParam('own') _own: string): void {}
    }
    expect(plan(Chat).pathParameterNames).toEqual(['own']);
  });
});

describe('[WSC-4.3-3] a name that the template does not have', () => {
  const bind = (type: PrimitiveType): unknown =>
    plan(endpointWith(OnOpen, [PathParam('room', type)])).open?.bind(fakeSession({ other: 'x' }), undefined, true);

  test('is null for a string', () => {
    expect(bind(String)).toEqual([null]);
  });

  test('is false for a boolean', () => {
    expect(bind(Boolean)).toEqual([false]);
  });

  test.each([[Number], [BigInt], [Char]])('is a DecodeException for a %p', (type) => {
    expect(() => bind(type)).toThrow(DecodeException);
    expect(() => bind(type)).toThrow('The URI template has no variable "room".');
  });
});

describe('[WSC-4.3-6] a segment that cannot be converted', () => {
  test.each<[PrimitiveType, string, string]>([
    [Number, 'abc', 'Path parameter "seat" cannot be a Number'],
    [Number, '', 'Path parameter "seat" cannot be a Number'],
    [BigInt, '1.5', 'Path parameter "seat" cannot be a BigInt'],
    [Char, '', 'Path parameter "seat" cannot be a Char'],
  ])('to %p: %j is a DecodeException with the segment', (type, segment, message) => {
    const { close } = plan(endpointWith(OnClose, [Session, PathParam('seat', type)]));
    let thrown: unknown;
    try {
      close?.bind(fakeSession({ seat: segment }), undefined, true);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(DecodeException);
    expect((thrown as DecodeException).message).toContain(message);
    expect((thrown as DecodeException).getText()).toBe(segment);
    expect((thrown as DecodeException).cause).toBeInstanceOf(TypeError);
  });

  test('an empty segment is an empty string, or false for a boolean', () => {
    const { open } = plan(endpointWith(OnOpen, [PathParam('a'), PathParam('b', Boolean)]));
    expect(open?.bind(fakeSession({ a: '', b: '' }), undefined, true)).toEqual(['', false]);
  });
});
