import {
  ClientEndpointConfig,
  Decoder,
  Endpoint,
  IllegalArgumentException,
  IllegalStateException,
  InputStream,
  OnMessage,
  PongMessage,
  Reader,
  ServerEndpoint,
  type EndpointClass,
  type MessageHandler,
} from '@serval/api';
import {
  planEndpoint,
  type BoundSession,
  type EndpointDeclaration,
  type EndpointPlan,
  type NativeType,
} from '@serval/plan';
import { HandlerTable } from '../src/handler-table';

class Echo extends Endpoint {
  override onOpen(): void {}
}

class Point {}

class PointDecoder implements Decoder.Text<Point>, Decoder.Binary<Point> {
  static readonly decodes = Decoder.text(Point);
  decode(): Point {
    return new Point();
  }
}

class BinaryPointDecoder extends PointDecoder {
  static override readonly decodes = Decoder.binary(Point) as never;
}

const NATIVE: readonly NativeType[] = ['text', 'binary', 'pong'];
const session: BoundSession = {
  endpointConfig: ClientEndpointConfig.Builder.create().build(),
  pathParameters: new Map(),
};
const whole = (_message: unknown): void => {};
const inParts = (_part: unknown, _last: boolean): void => {};

type Declared = Partial<Pick<EndpointDeclaration, 'decoders'>>;

const plan = (endpointClass: EndpointClass, declared?: Declared): EndpointPlan =>
  planEndpoint({ endpointClass, encoders: [], decoders: [], inbound: 'serial', ...declared });
const tableOf = (declared?: Declared): HandlerTable => new HandlerTable(plan(Echo, declared));
const routed = (table: HandlerTable): NativeType[] => NATIVE.filter((native) => table.routeOf(native) !== undefined);

describe('HandlerTable', () => {
  test.each<[new (...args: never[]) => unknown, NativeType, string]>([
    [String, 'text', 'as-is'],
    [Number, 'text', 'primitive'],
    [Boolean, 'text', 'primitive'],
    [Reader as never, 'text', 'stream'],
    [Buffer, 'binary', 'as-is'],
    [Uint8Array, 'binary', 'as-is'],
    [ArrayBuffer, 'binary', 'array-buffer'],
    [InputStream as never, 'binary', 'stream'],
    [PongMessage, 'pong', 'pong'],
  ])('routes %p to %s messages (%s)', (type, native, decoding) => {
    const table = tableOf();
    table.add(type, whole);
    expect(routed(table)).toEqual([native]);
    const route = table.routeOf(native);
    expect(route).toMatchObject({ native, inParts: false, maxMessageSize: -1, method: 'onMessage', replies: false });
    expect(route?.decoding.kind).toBe(decoding);
    expect(route?.bind(session, 'hello', true)).toEqual(['hello']);
    expect(table.handlers()).toEqual([whole]);
  });

  test.each([[String], [Buffer], [Uint8Array], [ArrayBuffer]])(
    'routes %p in parts to a handler with two parameters',
    (type) => {
      const table = tableOf();
      table.add(type, inParts);
      const route = table.routeOf(type === String ? 'text' : 'binary');
      expect(route?.inParts).toBe(true);
      expect(route?.bind(session, 'hel', false)).toEqual(['hel', false]);
    },
  );

  test('calls onMessage of an object', () => {
    const table = tableOf();
    const handler: MessageHandler.Whole<string> = { onMessage: whole };
    table.add(String, handler);
    expect(table.routeOf('text')?.receiver).toBe(handler);
    expect(table.handlers()).toEqual([handler]);
  });

  test('routes a decoded class by the endpoint’s decoders, for text and binary if both exist', () => {
    const table = tableOf({ decoders: [PointDecoder, BinaryPointDecoder] });
    table.add(Point, whole);
    expect(routed(table)).toEqual(['text', 'binary']);
  });

  test('[WSC-2.1.3-2] refuses a second handler for a native type', () => {
    const table = tableOf();
    table.add(String, whole);
    table.add(Buffer, inParts);
    table.add(PongMessage, whole);
    for (const [type, native] of [
      [Reader, 'text'],
      [Number, 'text'],
      [InputStream, 'binary'],
      [PongMessage, 'pong'],
    ] as const) {
      const add = (): void => table.add(type, whole);
      expect(add).toThrow(IllegalStateException);
      expect(add).toThrow(
        `the session has a handler for ${native} messages already. Remove the first one (WSC-2.1.3).`,
      );
    }
    expect(routed(table)).toEqual(['text', 'binary', 'pong']);
  });

  test('[WSC-2.1.3-2] registers nothing if one of two native types has a handler', () => {
    const table = tableOf({ decoders: [PointDecoder, BinaryPointDecoder] });
    table.add(Buffer, whole);
    expect(() => table.add(Point, inPlaceOf(whole))).toThrow(IllegalStateException);
    expect(routed(table)).toEqual(['binary']);
  });

  test('[WSC-2.1.3-2] refuses a handler beside an annotated method for the same native type', () => {
    @ServerEndpoint('/chat')
    class Chat {
      @OnMessage say(_text: string): void {}
    }
    const table = new HandlerTable(plan(Chat));
    expect(() => table.add(String, whole)).toThrow('Remove the @OnMessage method or the handler (WSC-2.1.3).');
    table.add(Buffer, whole);
    expect(routed(table)).toEqual(['binary']);
  });

  test.each([[Number], [PongMessage], [Reader], [InputStream]])('refuses %p in parts', (type) => {
    const add = (): void => tableOf().add(type, inParts);
    expect(add).toThrow(IllegalStateException);
    expect(add).toThrow(`a ${type.name} cannot be received in parts; declare one parameter only.`);
  });

  test('refuses a class that no decoder makes', () => {
    const add = (): void => tableOf({ decoders: [PointDecoder] }).add(Date, whole);
    expect(add).toThrow(IllegalStateException);
    expect(add).toThrow('no decoder of Echo makes a Date; add one to its decoders.');
  });

  test.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['text', 'onMessage', '"onMessage"'],
    ['an object without onMessage', {}, 'an object'],
    ['an object whose onMessage is not a function', { onMessage: 1 }, 'an object'],
  ])('refuses %s instead of a handler', (_title, handler, found) => {
    const add = (): void => tableOf().add(String, handler as never);
    expect(add).toThrow(IllegalArgumentException);
    expect(add).toThrow(`addMessageHandler takes a MessageHandler or a function; found ${found}.`);
  });

  test('removes a handler from all its native types, and then accepts another', () => {
    const table = tableOf({ decoders: [PointDecoder, BinaryPointDecoder] });
    table.add(Point, whole);
    expect(table.remove(whole)).toBe(true);
    expect(routed(table)).toEqual([]);
    expect(table.handlers()).toEqual([]);
    expect(table.remove(whole)).toBe(false);
    table.add(String, inParts);
    expect(routed(table)).toEqual(['text']);
  });

  test('does not remove a handler that was never added', () => {
    const table = tableOf();
    table.add(String, whole);
    expect(table.remove(inParts)).toBe(false);
    expect(routed(table)).toEqual(['text']);
  });
});

/** Another handler that does the same. */
function inPlaceOf(handler: (message: unknown) => void): (message: unknown) => void {
  return (message) => handler(message);
}
