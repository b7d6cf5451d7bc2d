import * as api from '@serval/api';
import { readClassRecord } from '@serval/api/spi';
import * as ts from 'typescript';

/**
 * The classes of a source that TypeScript compiled in the standard dialect.
 *
 * @param globals in place of those of the runtime
 */
function classesOf(source: string, globals: Readonly<Record<string, unknown>> = {}): Record<string, new () => object> {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  const names = [...source.matchAll(/class (\w+)/g)].map(([, name]) => name);
  const given = { ...api, ...globals };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the test runs the compiler's output
  const evaluate = new Function(...Object.keys(given), `${outputText}\nreturn { ${names.join(', ')} };`);
  return evaluate(...Object.values(given)) as Record<string, new () => object>;
}

const problems = (target: new () => object): unknown =>
  readClassRecord(target)?.handlers.map(({ method, problem }) => [String(method), problem]);

test('records class and methods, bare, called and with roles', () => {
  const { Chat } = classesOf(`
    @ServerEndpoint('/chat/{room}', { subprotocols: ['v1'] })
    class Chat {
      @OnOpen open() {}
      @OnMessage({ params: [String, Session], maxMessageSize: 10 }) say() {}
      @OnClose() close() {}
      @OnError({ params: [Error] }) fail() {}
    }
  `);
  expect(readClassRecord(Chat!)).toEqual({
    serverEndpoint: { value: '/chat/{room}', subprotocols: ['v1'] },
    handlers: [
      { kind: 'open', method: 'open', problem: undefined, params: undefined, maxMessageSize: undefined },
      { kind: 'message', method: 'say', problem: undefined, params: [String, api.Session], maxMessageSize: 10 },
      { kind: 'close', method: 'close', problem: undefined, params: undefined, maxMessageSize: undefined },
      { kind: 'error', method: 'fail', problem: undefined, params: [Error], maxMessageSize: undefined },
    ],
    parameters: [],
  });
});

test('records a client endpoint, bare or called', () => {
  const { Bare, Called } = classesOf(`
    @ClientEndpoint class Bare { @OnMessage hear() {} }
    @ClientEndpoint({ subprotocols: ['v1'] }) class Called {}
  `);
  expect(readClassRecord(Bare!)).toMatchObject({ clientEndpoint: {}, handlers: [{ method: 'hear' }] });
  expect(readClassRecord(Called!)?.clientEndpoint).toEqual({ subprotocols: ['v1'] });
  expect(new Bare!()).toBeInstanceOf(Bare);
});

test('holds only the members of a class’s own body', () => {
  const { Base, Extended, Inheriting } = classesOf(`
    @ServerEndpoint('/base') class Base { @OnOpen open() {} }
    class Extended extends Base { @OnClose close() {} }
    class Inheriting extends Base {}
  `);
  expect(readClassRecord(Base!)).toMatchObject({ serverEndpoint: { value: '/base' }, handlers: [{ method: 'open' }] });
  expect(readClassRecord(Extended!)?.handlers.map(({ method }) => method)).toEqual(['close']);
  expect(readClassRecord(Extended!)).not.toHaveProperty('serverEndpoint');
  expect(readClassRecord(Inheriting!)).toBeUndefined();
});

test('records members that cannot be handlers, so that deployment can reject them', () => {
  const { Chat } = classesOf(`
    class Chat {
      @OnMessage static everywhere() {}
      @OnMessage #hidden() {}
      @OnMessage get answer() { return 42; }
      @OnMessage set answer(value) {}
      @OnMessage accessor both = 1;
      @OnMessage field = () => {};
    }
  `);
  expect(problems(Chat!)).toEqual(
    expect.arrayContaining([
      ['everywhere', 'is static'],
      ['#hidden', 'is private'],
      ['answer', 'is a getter, not a method'],
      ['answer', 'is a setter, not a method'],
      ['both', 'is an accessor, not a method'],
      ['field', 'is a field, not a method'],
    ]),
  );
});

test.each(['@OnMessage', '@OnMessage()', '@OnOpen', '@OnClose()', '@OnError'])(
  '%s on a class throws a TypeError',
  (use) => {
    const decorate = (): unknown => classesOf(`${use} class Chat {}`);
    expect(decorate).toThrow(TypeError);
    expect(decorate).toThrow(/^@On\w+ decorates a method, .*; found a class or function\.$/);
  },
);

// TC39 moved the metadata of decorators back to stage 2.7 in May 2026.
describe('a compiler that passes no metadata to decorators', () => {
  const withoutMetadata = (source: string): Record<string, new () => object> =>
    classesOf(source, { Symbol: Object.assign(() => undefined, { iterator: Symbol.iterator }) });
  const methods = (target: (new () => object) | undefined): unknown =>
    target && readClassRecord(target)?.handlers.map(({ kind, method }) => [kind, method]);

  test('records class and methods', () => {
    const { Chat, Hear } = withoutMetadata(`
      @ServerEndpoint('/chat') class Chat { @OnOpen open() {} @OnMessage({ params: [String] }) say() {} }
      @ClientEndpoint class Hear { @OnMessage hear() {} }
    `);
    expect(readClassRecord(Chat!)).toEqual({
      serverEndpoint: { value: '/chat' },
      handlers: [
        { kind: 'open', method: 'open', problem: undefined, params: undefined, maxMessageSize: undefined },
        { kind: 'message', method: 'say', problem: undefined, params: [String], maxMessageSize: undefined },
      ],
      parameters: [],
    });
    expect(methods(Hear)).toEqual([['message', 'hear']]);
  });

  test('assigns a superclass its own methods', () => {
    const { Base, Other, Chat } = withoutMetadata(`
      class Base { @OnOpen open() {} @OnMessage say() {} }
      @ServerEndpoint('/other') class Other { @OnOpen open() {} }
      @ServerEndpoint('/chat') class Chat extends Base { @OnMessage say() {} @OnClose close() {} }
    `);
    expect(methods(Base)).toEqual([
      ['open', 'open'],
      ['message', 'say'],
    ]);
    expect(methods(Other)).toEqual([['open', 'open']]);
    expect(methods(Chat)).toEqual([
      ['message', 'say'],
      ['close', 'close'],
    ]);
  });

  test('finds a method that another decorator wrapped', () => {
    const { Chat } = withoutMetadata(`
      const log = (method) => function (...args) { return method.apply(this, args); };
      @ServerEndpoint('/chat') class Chat { @log @OnOpen open() {} @OnMessage @log say() {} }
    `);
    expect(methods(Chat)).toEqual([
      ['open', 'open'],
      ['message', 'say'],
    ]);
  });

  test('records members that cannot be handlers, so that deployment can reject them', () => {
    const { Chat } = withoutMetadata(`
      @ServerEndpoint('/chat') class Chat { @OnMessage static everywhere() {} @OnMessage field = () => {}; }
    `);
    expect(problems(Chat!)).toEqual([
      ['everywhere', 'is static'],
      ['field', 'is a field, not a method'],
    ]);
  });
});
