import {
  Char,
  Decoder,
  InputStream,
  OnMessage,
  PathParam,
  PongMessage,
  Reader,
  Session,
  type DecoderClass,
} from '@serval/api';
import type { MessageRoute } from '../src/message-route';
import type { Decoding, NativeType } from '../src/payload-plan';
import {
  arrangements,
  endpointWith,
  expectRefusal,
  fakeSession,
  plan,
  type Declaration,
  type LooseDecorator,
} from './planning';

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

class PointDecoder implements Decoder.Text<Point> {
  static readonly decodes = Decoder.text(Point);
  decode(text: string): Point {
    const [x = 0, y = 0] = text.split(',').map(Number);
    return new Point(x, y);
  }
}

class BinaryPointDecoder implements Decoder.Binary<Point> {
  static readonly decodes = Decoder.binary(Point);
  decode(bytes: Buffer): Point {
    return new Point(bytes.readInt8(0), bytes.readInt8(1));
  }
}

class PointStreamDecoder implements Decoder.TextStream<Point> {
  static readonly decodes = Decoder.textStream(Point);
  async decode(reader: Reader): Promise<Point> {
    return new Point((await reader.readAll()).length, 0);
  }
}

class ReaderDecoder implements Decoder.Text<Reader> {
  static readonly decodes = Decoder.text(Reader);
  decode(): Reader {
    throw new Error('not called');
  }
}

class InputStreamDecoder implements Decoder.Binary<InputStream> {
  static readonly decodes = Decoder.binary(InputStream);
  decode(): InputStream {
    throw new Error('not called');
  }
}

const session = fakeSession({ room: 'garden', seat: '7' });
const payload = { the: 'payload' };
const ROOM = PathParam('room');
const SEAT = PathParam('seat', Number);

interface Permitted {
  readonly type: unknown;
  readonly native: NativeType;
  readonly decoding: Decoding['kind'];
  readonly decoders?: readonly DecoderClass[];
  /** Only a `params` list can say it. */
  readonly paramsOnly?: boolean;
}

const WHOLE: readonly Permitted[] = [
  { type: String, native: 'text', decoding: 'as-is' },
  { type: Number, native: 'text', decoding: 'primitive' },
  { type: Boolean, native: 'text', decoding: 'primitive' },
  { type: BigInt, native: 'text', decoding: 'primitive' },
  { type: Char, native: 'text', decoding: 'primitive', paramsOnly: true },
  { type: Reader, native: 'text', decoding: 'stream' },
  { type: Reader, native: 'text', decoding: 'decoders', decoders: [PointDecoder, ReaderDecoder] },
  { type: Reader, native: 'text', decoding: 'stream', decoders: [PointDecoder] },
  { type: Point, native: 'text', decoding: 'decoders', decoders: [PointDecoder] },
  { type: Point, native: 'text', decoding: 'stream-decoder', decoders: [PointStreamDecoder] },
  { type: PointDecoder, native: 'text', decoding: 'decoders', decoders: [PointDecoder], paramsOnly: true },
  { type: Buffer, native: 'binary', decoding: 'as-is' },
  { type: Uint8Array, native: 'binary', decoding: 'as-is' },
  { type: ArrayBuffer, native: 'binary', decoding: 'array-buffer' },
  { type: InputStream, native: 'binary', decoding: 'stream' },
  { type: InputStream, native: 'binary', decoding: 'decoders', decoders: [InputStreamDecoder] },
  { type: Point, native: 'binary', decoding: 'decoders', decoders: [BinaryPointDecoder] },
  { type: PongMessage, native: 'pong', decoding: 'pong' },
];

const IN_PARTS: readonly Permitted[] = [
  { type: String, native: 'text', decoding: 'as-is' },
  { type: Buffer, native: 'binary', decoding: 'as-is' },
  { type: Uint8Array, native: 'binary', decoding: 'as-is' },
  { type: ArrayBuffer, native: 'binary', decoding: 'array-buffer' },
];

const DECLARATIONS: readonly Declaration[] = ['params', 'metadata'];
const both = (rows: readonly Permitted[]): (readonly [string, string, Declaration, Permitted])[] =>
  rows.flatMap((row) =>
    DECLARATIONS.filter((declaration) => declaration === 'params' || row.paramsOnly !== true).map(
      (declaration) => [nameOf(row.type), row.decoding, declaration, row] as const,
    ),
  );

/** Each permitted parameter list, planned: the one route that it makes. */
function routeOf(roles: readonly unknown[], declaration: Declaration, row: Permitted): MessageRoute {
  const planned = plan(endpointWith(OnMessage, roles, declaration), { decoders: row.decoders ?? [] });
  const { text, binary, pong } = planned;
  const routes = { text, binary, pong };
  const made = Object.entries(routes).flatMap(([native, route]) => (route === undefined ? [] : [native]));
  if (made.join() !== row.native) throw new Error(`Expected a route for ${row.native}; found ${made.join()}.`);
  return routes[row.native] as MessageRoute;
}

describe('[WSC-4.7-1] permitted, in any order, with a Session and path parameters or without', () => {
  test.each(both(WHOLE))('%s, whole (%s), declared by %s', (_name, _decoding, declaration, row) => {
    const permitted = arrangements([row.type], [Session, ROOM, SEAT]);
    expect(permitted).toHaveLength(49);
    const wanted = { decoding: row.decoding, inParts: false, replies: true, method: 'handle', receiver: undefined };
    // One comparison for all: thousands of them take seconds.
    const found = permitted.map((roles) => {
      const route = routeOf(roles, declaration, row);
      const wrong = wrongArguments(route, roles, new Map<unknown, unknown>([[row.type, payload]]), true);
      const { inParts, replies, method, receiver } = route;
      return { roles, decoding: route.decoding.kind, inParts, replies, method, receiver, wrong };
    });
    expect(found).toEqual(permitted.map((roles) => ({ roles, ...wanted, wrong: [] })));
  });

  test.each(both(IN_PARTS))(
    '%s with a boolean, in parts (%s), declared by %s',
    (_name, _decoding, declaration, row) => {
      const permitted = arrangements([row.type, Boolean], [Session, ROOM, SEAT]);
      expect(permitted).toHaveLength(212);
      const found = permitted.map((roles) => {
        const route = routeOf(roles, declaration, row);
        const wrong = [true, false].flatMap((last) => {
          const values = new Map<unknown, unknown>([
            [row.type, payload],
            [Boolean, last],
          ]);
          return wrongArguments(route, roles, values, last);
        });
        return { roles, decoding: route.decoding.kind, inParts: route.inParts, wrong };
      });
      expect(found).toEqual(permitted.map((roles) => ({ roles, decoding: row.decoding, inParts: true, wrong: [] })));
    },
  );

  test('a sole boolean is the message, not the last flag', () => {
    const { text } = plan(endpointWith(OnMessage, [Session, Boolean]));
    expect(text?.decoding).toEqual({ kind: 'primitive', type: Boolean });
    expect(text?.inParts).toBe(false);
    expect(text?.bind(session, true, false)).toEqual([session, true]);
  });

  test('one method each for text, binary and pong', () => {
    class Chat {
      @OnMessage say(_text: string): void {}
      @OnMessage draw(_bytes: Buffer, _last: boolean): void {}
      @OnMessage beat(_pong: PongMessage): void {}
    }
    const { text, binary, pong } = plan(Chat);
    expect([text?.method, binary?.method, pong?.method]).toEqual(['say', 'draw', 'beat']);
    expect([text?.inParts, binary?.inParts, pong?.inParts]).toEqual([false, true, false]);
  });

  test('one method takes text and binary for a type with decoders for both', () => {
    const { text, binary, pong } = plan(endpointWith(OnMessage, [Point]), {
      decoders: [PointDecoder, BinaryPointDecoder],
    });
    expect(text?.decoding).toMatchObject({ kind: 'decoders', candidates: [{ name: 'PointDecoder' }], type: 'Point' });
    expect(binary?.decoding).toMatchObject({ kind: 'decoders', candidates: [{ name: 'BinaryPointDecoder' }] });
    expect(text?.method).toBe('handle');
    expect(binary?.method).toBe('handle');
    expect(pong).toBeUndefined();
  });
});

/** The arguments that the route passes and that are not those of the roles. */
function wrongArguments(
  route: Pick<MessageRoute, 'bind'>,
  roles: readonly unknown[],
  values: ReadonlyMap<unknown, unknown>,
  last: boolean,
): unknown[] {
  const all = new Map<unknown, unknown>([...values, [Session, session], [ROOM, 'garden'], [SEAT, 7]]);
  const args = route.bind(session, payload, last);
  if (args.length !== roles.length) return [...args];
  return args.filter((value, index) => value !== all.get(roles[index]));
}

describe.each<Declaration>(['params', 'metadata'])('[WSC-4.7-1] refused, declared by %s:', (declaration) => {
  const refuse = (roles: readonly unknown[], parts: readonly string[], decoders: readonly DecoderClass[] = []): void =>
    expectRefusal(endpointWith(OnMessage, roles, declaration), 'WS_DEPLOY_BAD_PARAMETER', parts, { decoders });

  test.each([
    ['no parameter', []],
    ['only a Session', [Session]],
    ['only path parameters', [ROOM, SEAT]],
    ['only a Session and path parameters', [ROOM, Session]],
  ])('%s', (_title, roles) => {
    refuse(roles, [
      'Endpoint.handle: @OnMessage needs a parameter for the message; found none.',
      'Add one, such as "text: string" (WSC-4.7).',
    ]);
  });

  test.each<[string, unknown[], number, string]>([
    ['String and Number', [String, Number], 2, 'Number'],
    ['Number and String', [Session, Number, ROOM, String], 4, 'String'],
    ['two Strings', [String, String], 2, 'String'],
    ['Buffer and Number', [Buffer, Number], 2, 'Number'],
    ['Buffer and String', [Buffer, Session, String], 3, 'String'],
    ['String and Buffer', [String, Buffer], 2, 'Buffer'],
    ['Reader and String', [Reader, String], 2, 'String'],
    ['PongMessage and Buffer', [PongMessage, Buffer], 2, 'Buffer'],
    ['two booleans and nothing else', [Boolean, Session, Boolean], 3, 'Boolean'],
  ])('two payloads: %s', (_title, roles, position, found) => {
    refuse(roles, [
      `Endpoint.handle: parameter ${position} is a second payload (${found}); a message has one.`,
      'Keep one, or mark path parameters with @PathParam.',
    ]);
  });

  test('two Sessions', () => {
    refuse([Session, String, Session], ['Endpoint.handle: parameter 3 is a second Session; remove it.']);
  });

  test.each([
    ['String', [String, Boolean, Boolean]],
    ['Buffer', [Boolean, Buffer, Boolean]],
  ])('two booleans beside a %s', (_title, roles) => {
    refuse(roles, ['Endpoint.handle: parameter 3 is a second boolean; only one tells the last part.']);
  });

  test.each<[string, unknown[], number, DecoderClass[]]>([
    ['Reader', [Reader, Boolean], 2, []],
    ['InputStream', [Boolean, InputStream], 1, []],
    ['PongMessage', [Session, PongMessage, Boolean], 3, []],
    ['Number', [Number, Boolean], 2, []],
    ['BigInt', [Boolean, BigInt], 1, []],
    ['decoded object', [Point, Boolean], 2, [PointDecoder]],
    ['object of a stream decoder', [Point, Session, Boolean], 3, [PointStreamDecoder]],
    ['object of text and binary decoders', [Boolean, Point], 1, [PointDecoder, BinaryPointDecoder]],
  ])('a boolean beside a %s', (_title, roles, position, decoders) => {
    refuse(
      roles,
      [
        `Endpoint.handle: parameter ${position} is a boolean, but only String, Buffer, Uint8Array and ArrayBuffer ` +
          'payloads come in parts. Remove it.',
      ],
      decoders,
    );
  });

  test.each([[Date], [Map], [Array], [Promise], [Error]])('%p without a decoder', (type) => {
    refuse(
      [Session, type],
      [
        `Endpoint.handle: parameter 2 is of type ${type.name}, for which the endpoint has no decoder.`,
        'Add a decoder for it to the endpoint, or take a String, Buffer, Reader, InputStream, PongMessage or a primitive',
      ],
    );
  });

  test('a class when the endpoint has only decoders for others', () => {
    refuse(
      [Date],
      [
        'Endpoint.handle: parameter 1 is of type Date, for which the endpoint has only PointDecoder for Point, ' +
          'BinaryPointDecoder for Point.',
        'Add a decoder for it',
      ],
      [PointDecoder, BinaryPointDecoder],
    );
  });

  test('a subclass when the decoder makes its superclass', () => {
    class Point3 extends Point {}
    refuse(
      [Point3],
      ['parameter 1 is of type Point3, for which the endpoint has only PointDecoder for Point'],
      [PointDecoder],
    );
  });
});

describe('[WSC-4.7-4] one method for each native type', () => {
  const twice = (native: NativeType): string[] => [
    'Chat has more than one method with',
    `@OnMessage for ${native} messages: first and second.`,
    'Keep one',
  ];

  test.each<[string, unknown, unknown]>([
    ['String and Reader', String, Reader],
    ['String and Number', String, Number],
    ['Boolean and String', Boolean, String],
  ])('two for text: %s', (_title, one, other) => {
    class Chat {
      @OnMessage({ params: [one as StringConstructor] }) first(_message: any): void {}
      @OnMessage({ params: [other as StringConstructor] }) second(_message: any): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', twice('text'));
  });

  test.each<[string, unknown, unknown]>([
    ['Buffer and InputStream', Buffer, InputStream],
    ['Uint8Array and ArrayBuffer', Uint8Array, ArrayBuffer],
  ])('two for binary: %s', (_title, one, other) => {
    class Chat {
      @OnMessage({ params: [one as BufferConstructor] }) first(_message: any): void {}
      @OnMessage({ params: [other as BufferConstructor] }) second(_message: any): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', twice('binary'));
  });

  test('two for pong', () => {
    class Chat {
      @OnMessage first(_pong: PongMessage): void {}
      @OnMessage second(_session: Session, _pong: PongMessage): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', twice('pong'));
  });

  test('one in parts and one whole', () => {
    class Chat {
      @OnMessage first(_text: string, _last: boolean): void {}
      @OnMessage second(_text: string): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', twice('text'));
  });

  test('a method for a decoded type counts for each native type that it has decoders for', () => {
    class WithText {
      @OnMessage first(_point: Point): void {}
      @OnMessage second(_text: string): void {}
    }
    class WithBinary {
      @OnMessage first(_point: Point): void {}
      @OnMessage second(_bytes: Buffer): void {}
    }
    const named = (chat: unknown): unknown => Object.defineProperty(chat, 'name', { value: 'Chat' });

    expectRefusal(named(WithText), 'WS_DEPLOY_DUPLICATE_HANDLER', twice('text'), { decoders: [PointDecoder] });
    expectRefusal(named(WithBinary), 'WS_DEPLOY_DUPLICATE_HANDLER', twice('binary'), {
      decoders: [BinaryPointDecoder],
    });
    for (const chat of [WithText, WithBinary]) {
      expectRefusal(chat, 'WS_DEPLOY_DUPLICATE_HANDLER', ['first and second'], {
        decoders: [PointDecoder, BinaryPointDecoder],
      });
    }
    expect(plan(WithText, { decoders: [BinaryPointDecoder] }).binary?.method).toBe('first');
    expect(plan(WithBinary, { decoders: [PointDecoder] }).text?.method).toBe('first');
  });

  test('through a superclass', () => {
    class Base {
      @OnMessage second(_text: string): void {}
    }
    class Chat extends Base {
      @OnMessage first(_text: string): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_DUPLICATE_HANDLER', twice('text'));
  });
});

describe('a params list', () => {
  const loose = OnMessage as unknown as LooseDecorator;
  const chatWith = (params: unknown): unknown => {
    class Chat {
      @OnMessage({ params: params as [] }) say(..._args: unknown[]): void {}
    }
    return Chat;
  };

  test('takes precedence over the compiler’s metadata', () => {
    class Chat {
      @OnMessage({ params: [Buffer, Session] }) say(_bytes: any, _session: any): void {}
    }
    expect(plan(Chat).binary?.bind(session, payload, true)).toEqual([payload, session]);
  });

  test.each([
    ['undefined, as after a circular import', [String, undefined], 2, 'undefined'],
    ['null', [null], 1, 'null'],
    ['Object', [String, Session, Object], 3, 'function Object'],
    ['Function', [Function], 1, 'function Function'],
    ['text', ['string'], 1, 'string'],
    ['an object', [{}], 1, '[object Object]'],
    ['a function that is no class', [() => String], 1, '() => '],
  ])('with %s is refused', (_title, params, position, found) => {
    expectRefusal(chatWith(params), 'WS_DEPLOY_BAD_PARAMETER', [
      `Chat.say: parameter ${position} has a role that says nothing: ${found}`,
      'A params list holds classes (Session, String, Buffer …), Char, PathParam(…) and decoder classes',
      'circular import',
    ]);
  });

  test.each([
    ['a class', Session, 'Session'],
    ['null', null, 'null'],
    ['an object', {}, '[object Object]'],
  ])('that is %s and not a list is refused', (_title, params, found) => {
    expectRefusal(chatWith(params), 'WS_DEPLOY_BAD_PARAMETER', [
      `Chat.say: params is a list of roles, such as [String, Session]; found ${found}.`,
    ]);
  });

  test('shorter than the parameters is refused: one has no role', () => {
    class Chat {
      @loose({ params: [String] }) say(_text: string, _session: Session): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      'Chat.say: parameter 2 has no role: params names 1 of 2. Name all.',
    ]);
  });

  test('longer than the parameters is permitted: the rest is passed unchecked', () => {
    class Chat {
      @OnMessage({ params: [String, Session] }) say(_text: string): void {}
    }
    expect(plan(Chat).text?.bind(session, payload, true)).toEqual([payload, session]);
  });
});

function nameOf(type: unknown): string {
  return typeof type === 'function' ? type.name : 'Char';
}
