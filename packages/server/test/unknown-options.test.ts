import { Server, ServerContainer } from '../src';

function warnings(make: (logger: object) => unknown): string[] {
  const warned: string[] = [];
  make({ error: () => undefined, warn: (message: string) => warned.push(message), debug: () => undefined });
  return warned;
}

test('an option that does not exist is warned about, with the nearest one that does', () => {
  expect(warnings((logger) => new ServerContainer({ logger, textBuferSize: 5, foo: 1 } as object))).toEqual([
    'textBuferSize is not an option of a server; did you mean textBufferSize?',
    'foo is not an option of a server',
  ]);
});

test('no option of a server is taken for an unknown one', () => {
  const options = { port: 0, host: '127.0.0.1', endpoints: [], contextPath: '/ws', maxQueuedBytes: 5, engine: 'ws' };
  expect(warnings((logger) => new Server({ ...options, logger } as object))).toEqual([]);
});

test('an option of Server that a container cannot have is warned about', () => {
  expect(warnings((logger) => new ServerContainer({ logger, port: 80, endpoints: [] } as object))).toEqual([
    'port is an option of new Server only; here it has no effect',
    'endpoints is an option of new Server only; here it has no effect',
  ]);
});

test.each([true, {}])('perMessageDeflate %j over ws is refused at the door', (perMessageDeflate) => {
  expect(() => new ServerContainer({ engine: 'ws', perMessageDeflate })).toThrow(/not available with engine 'ws'/);
});

test('sharedReads is refused at the door when it is no boolean', () => {
  expect(() => new ServerContainer({ sharedReads: 'no' } as object)).toThrow(
    'sharedReads is true or false; found "no".',
  );
});

test.each<[unknown, RegExp]>([
  [{ level: 11 }, /^perMessageDeflate.level is a whole number from 1 to 9; found 11\.$/],
  [{ maxPayload: 5 }, /^maxPayload is not an option of perMessageDeflate\.$/],
  ['yes', /^perMessageDeflate is true, false or an object of options; found "yes"\.$/],
  [null, /^perMessageDeflate is true, false or an object of options; found null\.$/],
])('perMessageDeflate %j is refused at the door', (perMessageDeflate, message) => {
  expect(() => new ServerContainer({ perMessageDeflate } as object)).toThrow(message);
});

test.each([0, -1, 1.5, 'x'])('maxFragments %p is refused at the door', (maxFragments) => {
  expect(() => new ServerContainer({ maxFragments } as object)).toThrow(/^maxFragments is a whole number of fragments/);
});

test.each(['other', null, {}])('engine %p is refused at the door', (engine) => {
  expect(() => new ServerContainer({ engine } as object)).toThrow(/^engine is 'native', 'ws' or an engine; found /);
});
