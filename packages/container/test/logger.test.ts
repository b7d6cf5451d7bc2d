import { Diagnostics } from '../src/diagnostics';
import { consoleLogger, LOGGER } from '../src/logger';

const error = new Error('boom');
const event = { kind: 'unhandled-error', endpoint: 'Chat', template: '/chat', sessionId: '5f', error } as const;

/** Records what each call was given. */
function recorder(members: object): { readonly calls: unknown[][]; readonly logger: object } {
  const calls: unknown[][] = [];
  const record = (...args: unknown[]): unknown => calls.push(args);
  return { calls, logger: { error: record, warn: record, debug: record, ...members } };
}

test.each([
  // pino, and fastify.log: logger.error({ err }, message); what stands behind a message without a %s is dropped.
  ['pino', { bindings: () => ({}), child: () => ({}), level: 'info' }],
  ['bunyan', { addSerializers: () => undefined, fields: {} }],
])('passes a logger of %s an object with the error as err before the message', (_name, members) => {
  const { calls, logger } = recorder(members);
  new Diagnostics(LOGGER.read(logger, 'logger')).report(event);
  const fields = { err: error, kind: 'unhandled-error', endpoint: 'Chat', template: '/chat', sessionId: '5f' };
  expect(calls).toEqual([[fields, expect.stringMatching(/^Chat handles no errors .* session 5f raised:$/)]]);
});

test.each([
  ['winston', { transports: [], child: () => ({}), level: 'info' }],
  ['the console', {}],
])('passes a logger of %s the message and then the error', (_name, members) => {
  const { calls, logger } = recorder(members);
  new Diagnostics(LOGGER.read(logger, 'logger')).report(event);
  expect(calls).toEqual([[expect.stringMatching(/session 5f raised:$/), error]]);
});

test('passes a logger of pino the fields of an event without an error', () => {
  const { calls, logger } = recorder({ bindings: () => ({}) });
  new Diagnostics(LOGGER.read(logger, 'logger')).report({ kind: 'setting-warning', message: 'x is not an option' });
  expect(calls).toEqual([[{ kind: 'setting-warning' }, 'x is not an option']]);
});

test('calls a logger with its own this', () => {
  class Pino {
    readonly lines: string[] = [];
    bindings(): object {
      return {};
    }
    error(_object: object, message: string): void {
      this.lines.push(message);
    }
    warn(): void {}
    debug(): void {}
  }
  const pino = new Pino();
  new Diagnostics(LOGGER.read(pino, 'logger')).report(event);
  expect(pino.lines).toHaveLength(1);
});

test('the console is the default', () => {
  expect(LOGGER.read(consoleLogger, 'logger')).toBe(consoleLogger);
});
