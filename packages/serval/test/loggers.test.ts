import { Writable } from 'node:stream';
import fastify from 'fastify';
import { pino } from 'pino';
import { createLogger, format, transports } from 'winston';
import { OnMessage, ServerEndpoint, type Logger } from 'serval';
import { TestServer } from 'serval/testing';
import { afterTest } from '../../testing/test/toolbox';

// The real loggers: a fake one proves only what its author believed.

@ServerEndpoint('/orders')
class Orders {
  @OnMessage change(_order: string): void {
    throw new Error('out of stock');
  }
}

/** The lines that a logger writes as JSON. */
class Lines extends Writable {
  readonly all: Record<string, unknown>[] = [];
  #wake: () => void = () => undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().split('\n')) if (line !== '') this.all.push(JSON.parse(line) as never);
    this.#wake();
    done();
  }

  async until(isWanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.all.find(isWanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

async function failOnce(logger: Logger): Promise<void> {
  const server = new TestServer({ endpoints: [Orders], logger });
  afterTest(() => server.stop());
  const client = await server.connect('/orders');
  client.send('order 66');
}

test.each([
  ['pino', (lines: Lines): Logger => pino(lines)],
  ['fastify.log', (lines: Lines): Logger => fastify({ logger: { stream: lines } }).log],
  ['a child logger of pino', (lines: Lines): Logger => pino(lines).child({ service: 'shop' })],
])('%s gets the error of a handler, with its stack, the session and the endpoint', async (_name, create) => {
  const lines = new Lines();
  await failOnce(create(lines));
  const line = await lines.until(({ kind }) => kind === 'unhandled-error');
  expect(line).toMatchObject({
    level: 50,
    endpoint: 'Orders',
    sessionId: expect.stringMatching(/^[0-9a-f]{32}$/),
    msg: expect.stringContaining('Orders handles no errors'),
    err: { type: 'Error', message: 'out of stock', stack: expect.stringContaining('loggers.test.ts') },
  });
});

test('winston gets the message and the stack', async () => {
  const lines = new Lines();
  const json = format.combine(format.errors({ stack: true }), format.json());
  await failOnce(createLogger({ format: json, transports: [new transports.Stream({ stream: lines })] }));
  const line = await lines.until(({ level }) => level === 'error');
  expect(line).toMatchObject({ message: expect.stringContaining('out of stock') });
  expect(JSON.stringify(line)).toContain('loggers.test.ts');
});
