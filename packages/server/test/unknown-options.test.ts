import { Server, WsServerContainer } from '../src';

function warnings(make: (logger: object) => unknown): string[] {
  const warned: string[] = [];
  make({ error: () => undefined, warn: (message: string) => warned.push(message), debug: () => undefined });
  return warned;
}

test('an option that does not exist is warned about, with the nearest one that does', () => {
  expect(warnings((logger) => new WsServerContainer({ logger, textBuferSize: 5, foo: 1 } as object))).toEqual([
    'textBuferSize is not an option; did you mean textBufferSize?',
    'foo is not an option',
  ]);
});

test('no option of a server is taken for an unknown one', () => {
  const options = { port: 0, host: '127.0.0.1', endpoints: [], contextPath: '/ws', maxQueuedBytes: 5, engine: 'ws' };
  expect(warnings((logger) => new Server({ ...options, logger } as object))).toEqual([]);
});

test('perMessageDeflate over ws is refused at the door', () => {
  expect(() => new WsServerContainer({ engine: 'ws', perMessageDeflate: true })).toThrow(/not offered over ws/);
});

test.each([0, -1, 1.5, 'x'])('maxFragments %p is refused at the door', (maxFragments) => {
  expect(() => new WsServerContainer({ maxFragments } as object)).toThrow(
    /^maxFragments is a whole number of fragments/,
  );
});

test.each(['other', null, {}])('engine %p is refused at the door', (engine) => {
  expect(() => new WsServerContainer({ engine } as object)).toThrow(/^engine is 'native', 'ws' or an engine; found /);
});
