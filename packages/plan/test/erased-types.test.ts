import {
  CloseReason,
  Decoder,
  Encoder,
  EndpointConfig,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  PathParam,
  Session,
  type PongMessage,
} from '@serval/api';
import type { Session as SessionType } from '@serval/api';
import { endpointWith, expectRefusal, fakeSession, plan } from './planning';

// The compiler's output for a type that is not a class at run time, and the parameter's role.

interface Order {
  readonly item: string;
}

class Point {}

class PointDecoder implements Decoder.Text<Point> {
  static readonly decodes = Decoder.text(Point);
  decode(): Point {
    return new Point();
  }
}

/** For an interface: what it makes has no class. */
class OrderDecoder implements Decoder.Text<Order> {
  static readonly decodes = Decoder.text<Order>();
  decode(text: string): Order {
    return { item: text };
  }
}

class BinaryOrderDecoder implements Decoder.Binary<Order> {
  static readonly decodes = Decoder.binary<Order>();
  decode(bytes: Buffer): Order {
    return { item: bytes.toString() };
  }
}

const session = fakeSession({ room: 'garden' });

/** Replaces what the compiler has left, or leaves nothing. */
function leave(endpointClass: new () => object, method: string, types: readonly unknown[] | undefined): void {
  if (types === undefined) Reflect.deleteMetadata('design:paramtypes', endpointClass.prototype as object, method);
  else Reflect.defineMetadata('design:paramtypes', types, endpointClass.prototype as object, method);
}

describe('a sole payload with an erased type, without decoders', () => {
  class WithInterface {
    @OnMessage take(_order: Order): void {}
  }
  class WithUnion {
    @OnMessage take(_message: string | Buffer): void {}
  }
  class WithUnknown {
    @OnMessage take(_message: unknown): void {}
  }
  class WithFunction {
    @OnMessage take(_message: () => void): void {}
  }
  class WithImportType {
    @OnMessage take(_message: PongMessage): void {}
  }

  // Another compiler leaves Object for an alias of Buffer, too: text would be a guess.
  test.each<[string, new () => object, unknown]>([
    ['an interface', WithInterface, Object],
    ['a union', WithUnion, Object],
    ['unknown', WithUnknown, Object],
    ['a function', WithFunction, Function],
    ['a class by import type', WithImportType, Object],
  ])('is refused: %s', (_title, endpointClass, left) => {
    expect(Reflect.getMetadata('design:paramtypes', endpointClass.prototype as object, 'take')).toEqual([left]);
    expectRefusal(endpointClass, 'WS_DEPLOY_BAD_PARAMETER', [
      `.take: parameter 1 has no role: its type is ${left === Object ? 'Object' : 'Function'} (`,
      'Name all roles, such as @OnMessage({ params: [String] }).',
    ]);
  });

  test('is refused: undefined, as after a circular import', () => {
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    leave(Chat, 'say', [undefined]);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', ['its type is undefined (a circular import, or a default value']);
  });

  test('is refused beside a Session, path parameters and a boolean, whose roles the example names', () => {
    class Chat {
      @OnMessage take(_session: Session, _order: Order, _last: boolean, @PathParam('room') _room: string): void {}
    }
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      'Chat.take: parameter 2 has no role',
      '@OnMessage({ params: [Session, String, Boolean, PathParam("room")] })',
    ]);
  });
});

describe('a sole parameter of a method without any types is text', () => {
  test('alone', () => {
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    leave(Chat, 'say', undefined);
    const { text, binary, pong } = plan(Chat);
    expect(text).toMatchObject({ method: 'say', decoding: { kind: 'as-is' }, inParts: false });
    expect([binary, pong]).toEqual([undefined, undefined]);
    expect(text?.bind(session, 'hello', true)).toEqual(['hello']);
  });

  test('beside path parameters', () => {
    class Chat {
      @OnMessage say(@PathParam('room') _room: string, _text: string): void {}
    }
    leave(Chat, 'say', undefined);
    expect(plan(Chat).text?.bind(session, 'hello', true)).toEqual(['garden', 'hello']);
  });
});

describe('a sole erased payload with decoders', () => {
  class Shop {
    @OnMessage take(_order: Order): void {}
  }

  test('is what decoders without a class make', () => {
    const { text, binary } = plan(Shop, { decoders: [PointDecoder, OrderDecoder] });
    expect(text?.decoding).toMatchObject({
      kind: 'decoders',
      candidates: [{ name: 'OrderDecoder' }],
      type: 'the object',
    });
    expect(binary).toBeUndefined();
  });

  test('comes from text and from binary if there are such decoders for both', () => {
    const { text, binary } = plan(Shop, { decoders: [OrderDecoder, BinaryOrderDecoder] });
    expect(text?.decoding).toMatchObject({ candidates: [{ name: 'OrderDecoder' }] });
    expect(binary?.decoding).toMatchObject({ candidates: [{ name: 'BinaryOrderDecoder' }] });
  });

  test('does not choose between classes', () => {
    expectRefusal(
      Shop,
      'WS_DEPLOY_BAD_PARAMETER',
      [
        'Shop.take: parameter 1 has no role: its type is Object (an interface, a union, a type alias, or a class imported with "import type")',
        'and the endpoint has only PointDecoder for Point.',
        'Name all roles, such as @OnMessage({ params: [String] }).',
      ],
      { decoders: [PointDecoder] },
    );
  });

  test('does not come in parts', () => {
    class InParts {
      @OnMessage take(_order: Order, _last: boolean): void {}
    }
    expectRefusal(InParts, 'WS_DEPLOY_BAD_PARAMETER', ['InParts.take: parameter 2 is a boolean, but only String'], {
      decoders: [OrderDecoder],
    });
  });

  test('may be named by its decoder in a params list', () => {
    const { text, binary } = plan(endpointWith(OnMessage, [BinaryOrderDecoder]), {
      decoders: [OrderDecoder, BinaryOrderDecoder],
    });
    expect(binary?.decoding).toMatchObject({ candidates: [{ name: 'BinaryOrderDecoder' }] });
    expect(text).toBeUndefined();
  });

  test('must not be named by a decoder that the endpoint does not list', () => {
    expectRefusal(
      endpointWith(OnMessage, [OrderDecoder]),
      'WS_DEPLOY_BAD_PARAMETER',
      ['Endpoint.handle: parameter 1 is of type OrderDecoder', 'has only BinaryOrderDecoder', 'Add a decoder for it'],
      { decoders: [BinaryOrderDecoder] },
    );
  });

  test('encoders do not matter', () => {
    class OrderEncoder implements Encoder.Text<Order> {
      static readonly encodes = Encoder.text<Order>();
      encode(order: Order): string {
        return order.item;
      }
    }
    expectRefusal(Shop, 'WS_DEPLOY_BAD_PARAMETER', ['Shop.take: parameter 1 has no role'], {
      encoders: [OrderEncoder],
    });
  });
});

describe('more than one parameter without a known type is never guessed', () => {
  const NAME_ALL = 'Name all roles, such as @OnMessage({ params: [String, Session] }).';

  test('a Session by import type after the text', () => {
    class Chat {
      @OnMessage say(_text: string, _session: SessionType): void {}
    }
    leave(Chat, 'say', [String, Object]);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      'Chat.say: parameter 2 has no role: its type is Object (an interface, a union, a type alias, or a class imported with "import type").',
      NAME_ALL,
    ]);
  });

  test('a Session by import type before the text: the message names the Session', () => {
    class Chat {
      @OnMessage say(_session: SessionType, _text: string): void {}
    }
    leave(Chat, 'say', [Object, String]);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      'Chat.say: parameter 1 has no role: its type is Object',
      'Name all roles, such as @OnMessage({ params: [Session, String] }).',
    ]);
  });

  test('a class that is undefined because of a circular import', () => {
    class Chat {
      @OnMessage say(_text: string, _point: Point): void {}
    }
    leave(Chat, 'say', [String, undefined]);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      'Chat.say: parameter 2 has no role: its type is undefined (a circular import, or a default value without a type).',
      NAME_ALL,
    ]);
  });

  test('two parameters without metadata', () => {
    class Chat {
      @OnMessage say(_text: string, _session: Session): void {}
    }
    leave(Chat, 'say', undefined);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      'Chat.say: parameter 2 has no role: its type is not known: standard decorators, or a compiler that emits no types.',
      NAME_ALL,
    ]);
  });
});

test('the example of a params list contains the known roles in order', () => {
  class Lot {
    @OnMessage bid(_lot: number, _amount: unknown, _session: SessionType, _last: unknown, _house: string): void {}
  }
  PathParam('lot')(Lot.prototype, 'bid', 0);
  PathParam('house')(Lot.prototype, 'bid', 4);
  leave(Lot, 'bid', [Number, Object, Object, Object, String]);
  expectRefusal(Lot, 'WS_DEPLOY_BAD_PARAMETER', [
    '@OnMessage({ params: [PathParam("lot", Number), String, Session, …, PathParam("house")] }).',
  ]);
});

describe('@OnOpen and @OnClose have no default', () => {
  test.each([
    ['Object', [Object], 'Object (an interface, a union, a type alias, or a class imported with "import type")'],
    [
      'Function',
      [Function],
      'Function (a class imported with "import type", or "type" before its name: drop that word)',
    ],
    ['undefined', [undefined], 'undefined (a circular import, or a default value without a type)'],
    ['nothing', undefined, 'not known: standard decorators, or a compiler that emits no types'],
  ])('%s', (_title, types, found) => {
    class Chat {
      @OnOpen open(_session: Session): void {}
    }
    class Closing {
      @OnClose close(_reason: CloseReason): void {}
    }
    leave(Chat, 'open', types);
    leave(Closing, 'close', types);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      `Chat.open: parameter 1 has no role: its type is ${found}.`,
      'Name all roles, such as @OnOpen({ params: [Session, EndpointConfig] }).',
    ]);
    expectRefusal(Closing, 'WS_DEPLOY_BAD_PARAMETER', [
      `Closing.close: parameter 1 has no role: its type is ${found}.`,
      'Name all roles, such as @OnClose({ params: [Session, CloseReason] }).',
    ]);
  });

  test('a method without parameters needs no metadata', () => {
    class Chat {
      @OnOpen open(): void {}
      @OnClose close(): void {}
    }
    leave(Chat, 'open', undefined);
    leave(Chat, 'close', undefined);
    expect(plan(Chat).open?.bind(session, undefined, true)).toEqual([]);
    expect(plan(Chat).close?.bind(session, undefined, true)).toEqual([]);
  });

  test('the message names an EndpointConfig by import type by its position', () => {
    class Chat {
      @OnOpen open(_session: Session, _config: EndpointConfig): void {}
    }
    leave(Chat, 'open', [Session, Object]);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', ['Chat.open: parameter 2 has no role: its type is Object']);
  });
});

describe('the sole erased parameter of @OnError is the error', () => {
  const failure = new Error('why');

  test('as unknown', () => {
    class Chat {
      @OnError fail(_error: unknown): void {}
    }
    expect(plan(Chat).error?.bind(session, failure, true)).toEqual([failure]);
  });

  test('without metadata', () => {
    class Chat {
      @OnError fail(_error: Error): void {}
    }
    leave(Chat, 'fail', undefined);
    expect(plan(Chat).error?.bind(session, failure, true)).toEqual([failure]);
  });

  test('beside a Session and path parameters', () => {
    class Chat {
      @OnError fail(@PathParam('room') _room: string, _error: unknown, _session: Session): void {}
    }
    expect(plan(Chat).error?.bind(session, failure, true)).toEqual(['garden', failure, session]);
  });

  test.each([
    ['beside another erased one', [Object, Object], 1, 'Session, Error'],
    ['beside an Error', [Error, Object], 2, 'Error, Session'],
    ['before an Error', [Object, Error], 1, 'Session, Error'],
  ])('but not %s', (_title, types, position, roles) => {
    class Chat {
      @OnError fail(_one: unknown, _other: unknown): void {}
    }
    leave(Chat, 'fail', types);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', [
      `Chat.fail: parameter ${position} has no role: its type is Object`,
      `Name all roles, such as @OnError({ params: [${roles}] }).`,
    ]);
  });

  test('but not two without metadata', () => {
    class Chat {
      @OnError fail(_error: Error, _session: Session): void {}
    }
    leave(Chat, 'fail', undefined);
    expectRefusal(Chat, 'WS_DEPLOY_BAD_PARAMETER', ['Chat.fail: parameter 1 has no role: its type is not known']);
  });
});
