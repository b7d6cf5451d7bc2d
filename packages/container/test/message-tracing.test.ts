import { tracingChannel } from 'node:diagnostics_channel';
import { AsyncLocalStorage } from 'node:async_hooks';
import { OnError, OnMessage } from '@serval/api';
import { converse } from '@serval/testing';
import { afterTest, Gate, Journal, silent, turn } from '../../testing/test/toolbox';
import { MESSAGE_CHANNEL, type HandledMessage } from '../src/message-tracing';

const channels = tracingChannel<unknown, HandledMessage>(MESSAGE_CHANNEL);
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

/** Writes each event of the channel into a journal until the test is over. */
function journalOf(...events: readonly (typeof EVENTS)[number][]): { journal: Journal; messages: HandledMessage[] } {
  const journal = new Journal();
  const messages: HandledMessage[] = [];
  for (const event of events.length === 0 ? EVENTS : events) {
    const listener = (message: unknown): void => {
      messages.push(message as HandledMessage);
      journal.add(event);
    };
    channels[event].subscribe(listener);
    afterTest(() => channels[event].unsubscribe(listener));
  }
  return { journal, messages };
}

test('a handler that returns at once is start and end', async () => {
  class Echo {
    @OnMessage say(text: string): string {
      return text;
    }
  }
  const { journal, messages } = journalOf();
  const { session, peer, received } = converse(Echo, { logger: silent });
  peer.sendText('hello', true);
  await received.until(1);
  expect(journal.entries).toEqual(['start', 'end']);
  expect(new Set(messages).size).toBe(1);
  expect(messages[0]).toMatchObject({ messageType: 'text', method: 'say', isAsync: false, error: undefined });
  expect(messages[0]).toMatchObject({ endpoint: 'Echo', template: '/', session });
});

test('a handler that returns a promise is over with asyncEnd', async () => {
  const gate = new Gate();
  class Slow {
    @OnMessage receive(_text: string): Promise<void> {
      return gate.promise;
    }
  }
  const { journal, messages } = journalOf();
  const { peer } = converse(Slow, { logger: silent });
  peer.sendText('hello', true);
  await journal.until('end');
  expect(messages[0]?.isAsync).toBe(true);
  await turn();
  expect(journal.entries).toEqual(['start', 'end']);
  gate.open();
  await journal.until('asyncEnd');
  expect(journal.entries).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
});

test.each([
  ['throws', false],
  ['rejects', true],
])('a handler that %s is an error, before @OnError', async (_title, isAsync) => {
  const { journal, messages } = journalOf();
  class Failing {
    @OnMessage receive(_text: string): Promise<void> | undefined {
      const error = new Error('no');
      if (isAsync) return Promise.reject(error);
      throw error;
    }
    @OnError failed(error: Error): void {
      journal.add(`@OnError ${error.message}`);
    }
  }
  const { peer } = converse(Failing, { logger: silent });
  peer.sendText('hello', true);
  await journal.until('@OnError no');
  await turn();
  expect(journal.entries).toEqual(
    isAsync
      ? ['start', 'end', 'error', '@OnError no', 'asyncStart', 'asyncEnd']
      : ['start', 'error', '@OnError no', 'end'],
  );
  expect(messages[0]?.error).toEqual(new Error('no'));
});

test('a bound store, and around, are there in the handler and behind its awaits', async () => {
  const store = new AsyncLocalStorage<string>();
  const outer = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  class Reader {
    @OnMessage async receive(text: string): Promise<string> {
      seen.push(store.getStore(), outer.getStore());
      await turn();
      seen.push(store.getStore(), outer.getStore());
      return text;
    }
  }
  channels.start.bindStore(store, ({ method }) => `in ${method}`);
  afterTest(() => channels.start.unbindStore(store));
  const surround = (message: unknown): void => {
    (message as HandledMessage).around = (call) => outer.run('around', call);
  };
  channels.start.subscribe(surround);
  afterTest(() => channels.start.unsubscribe(surround));
  const { peer, received } = converse(Reader, { logger: silent });
  peer.sendText('hello', true);
  await received.until(1);
  expect(seen).toEqual(['in receive', 'around', 'in receive', 'around']);
});

test('each part of a message, and each binary message, is a message here', async () => {
  class Parts {
    @OnMessage part(_text: string, _last: boolean): void {}
    @OnMessage binary(_data: Buffer): void {}
  }
  const { messages } = journalOf('start');
  const { peer } = converse(Parts, { logger: silent });
  peer.sendText('a', false);
  peer.sendText('b', true);
  peer.sendBinary(Buffer.from('c'), true);
  while (messages.length < 3) await turn();
  expect(messages.map(({ messageType }) => messageType)).toEqual(['text', 'text', 'binary']);
});
