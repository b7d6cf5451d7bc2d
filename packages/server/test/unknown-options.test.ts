import { Server, ServerContainer } from '../src';

function warnings(make: (logger: object) => unknown): string[] {
  const warned: string[] = [];
  make({ error: () => undefined, warn: (message: string) => warned.push(message), debug: () => undefined });
  return warned;
}

test('warns about an unknown option and suggests the closest one', () => {
  expect(warnings((logger) => new ServerContainer({ logger, textBuferSize: 5, foo: 1 } as object))).toEqual([
    'textBuferSize is not an option of a server; did you mean textBufferSize?',
    'foo is not an option of a server',
  ]);
});

test('warns about an unknown option with the name of a member of every object', () => {
  const options = JSON.parse('{ "constructor": 1, "__proto__": 1, "toString": 1 }') as object;
  expect(warnings((logger) => new ServerContainer(Object.assign(options, { logger }) as object))).toEqual([
    'constructor is not an option of a server',
    '__proto__ is not an option of a server',
    'toString is not an option of a server',
  ]);
});

test('warns about no existing option of a server', () => {
  const options = { port: 0, host: '127.0.0.1', endpoints: [], contextPath: '/ws', maxQueuedBytes: 5, engine: 'ws' };
  expect(warnings((logger) => new Server({ ...options, logger } as object))).toEqual([]);
});

test('warns about an option of Server that a container does not have', () => {
  expect(warnings((logger) => new ServerContainer({ logger, port: 80, endpoints: [] } as object))).toEqual([
    'port is an option of new Server only; here it has no effect',
    'endpoints is an option of new Server only; here it has no effect',
  ]);
});

test.each([true, {}])('the constructor rejects perMessageDeflate %j over ws', (perMessageDeflate) => {
  expect(() => new ServerContainer({ engine: 'ws', perMessageDeflate })).toThrow(/not available with engine 'ws'/);
});

test('the constructor rejects sharedReads if it is not a boolean', () => {
  expect(() => new ServerContainer({ sharedReads: 'no' } as object)).toThrow(
    'sharedReads is true or false; found "no".',
  );
});

test.each<[unknown, RegExp]>([
  [{ level: 11 }, /^perMessageDeflate.level is a whole number from 1 to 9; found 11\.$/],
  [{ maxPayload: 5 }, /^maxPayload is not an option of perMessageDeflate; it takes threshold, level, memLevel, .*\.$/],
  ['yes', /^perMessageDeflate is true, false or an object of options; found "yes"\.$/],
  [null, /^perMessageDeflate is true, false or an object of options; found null\.$/],
])('the constructor rejects perMessageDeflate %j', (perMessageDeflate, message) => {
  expect(() => new ServerContainer({ perMessageDeflate } as object)).toThrow(message);
});

test.each([0, -1, 1.5, 'x'])('the constructor rejects maxFragments %p', (maxFragments) => {
  expect(() => new ServerContainer({ maxFragments } as object)).toThrow(/^maxFragments is a whole number of fragments/);
});

test.each(['other', null, {}])('the constructor rejects engine %p', (engine) => {
  expect(() => new ServerContainer({ engine } as object)).toThrow(/^engine is 'native', 'ws' or an engine; found /);
});
