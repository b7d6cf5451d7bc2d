import * as api from '@serval/api';
import { readClassRecord } from '@serval/api/spi';
import * as ts from 'typescript';

/** What the standard dialect makes of class declarations: TypeScript without experimentalDecorators. */
function classesOf(source: string): Record<string, new () => object> {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  const names = [...source.matchAll(/class (\w+)/g)].map(([, name]) => name);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what the compiler has made is to be run
  const evaluate = new Function(...Object.keys(api), `${outputText}\nreturn { ${names.join(', ')} };`);
  return evaluate(...Object.values(api)) as Record<string, new () => object>;
}

type LooseDecorator = (...args: unknown[]) => any;

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

test('holds what stands in a class’s own body only', () => {
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

test('records what can never be a handler, for deployment to refuse', () => {
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
  '%s on a class is a TypeError',
  (use) => {
    const decorate = (): unknown => classesOf(`${use} class Chat {}`);
    expect(decorate).toThrow(TypeError);
    expect(decorate).toThrow(/^@On\w+ decorates a method, .*; found a class or function\.$/);
  },
);

test.each([
  ['method', () => undefined],
  ['field', undefined],
])('a compiler whose decorators carry no metadata is refused, not overlooked (%s)', (kind, member) => {
  const context = { kind, name: 'say', static: false, private: false, addInitializer: () => undefined };
  const decorate = (): unknown => (api.OnMessage as unknown as LooseDecorator)(member, context);
  expect(decorate).toThrow(TypeError);
  expect(decorate).toThrow('found a member without context.metadata');
});
