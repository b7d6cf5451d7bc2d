import {
  IllegalStateException,
  IOException,
  ReplyException,
  ReplyTimeoutException,
  type RequestOptions,
  type StandardSchema,
} from '@serval/api';
import {
  Deadline,
  issuesOf,
  kind,
  readArgument,
  readOptions,
  SCHEMA,
  SIGNAL,
  validatedReply,
  type OptionTable,
  type ReplyMessage,
} from '@serval/api/spi';
import type { DiagnosticEvent } from './diagnostic-event';
import { tolerateNeglect, toError, type Sending } from './promises';
import { placeOfSession, type PlacedSession } from './session-report';

/** A session as its requests use it. */
export interface RequestsHost extends PlacedSession {
  readonly context: { readonly diagnostics: { report(event: DiagnosticEvent): void } };
  readonly life: { readonly canSend: boolean; readonly signal: AbortSignal };
  readonly sender: {
    sendRequest(id: number, value: unknown): Sending;
    /** The schema of the reply to a request, if its codec has one. */
    replySchema(value: unknown): StandardSchema | undefined;
  };
  readonly inbox: {
    /** The number of open requests changed from or to none. */
    awaitsRepliesChanged(): void;
  };
}

interface OpenRequest {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A session may have this many open requests; each further one rejects. */
const MAX_OPEN_REQUESTS = 1000;

const TIMEOUT = kind(
  'a number of milliseconds above 0',
  (value): value is number => typeof value === 'number' && value > 0,
);

const REQUEST_OPTIONS = {
  timeout: { ...TIMEOUT, default: 20_000 },
  signal: SIGNAL,
  schema: SCHEMA,
} satisfies OptionTable<RequestOptions>;

const DEFAULTS = readOptions(REQUEST_OPTIONS, {});

/** The requests of one session that await their replies. */
export class OpenRequests {
  readonly #open = new Map<unknown, OpenRequest>();
  #lastId = 0;

  constructor(private readonly host: RequestsHost) {
    host.life.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Sends a request. Settles with its reply; you need not await it. */
  send(value: unknown, options: RequestOptions | undefined): Promise<unknown> {
    return tolerateNeglect(this.#send(value, options));
  }

  async #send(value: unknown, options: RequestOptions | undefined): Promise<unknown> {
    const { timeout, signal, schema } =
      options === undefined ? DEFAULTS : readArgument('request', REQUEST_OPTIONS, options, '{ timeout: 5000 }');
    signal?.throwIfAborted();
    if (!this.host.life.canSend || this.host.life.signal.aborted)
      throw new IOException('The request was not sent: the session is closed.');
    if (this.#open.size >= MAX_OPEN_REQUESTS) {
      throw new IllegalStateException(
        `The request was not sent: ${MAX_OPEN_REQUESTS} requests of session ${this.host.getId()} await replies already.`,
      );
    }
    const id = (this.#lastId += 1);
    const reply = this.#await(id, timeout, signal);
    try {
      await this.host.sender.sendRequest(id, value);
    } catch (error) {
      this.#take(id)?.reject(toError(error));
    }
    return validatedReply(await reply, schema ?? this.host.sender.replySchema(value));
  }

  #await(id: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<unknown> {
    const reply = new Promise<unknown>((resolve, reject) => {
      // The reason of a signal may be any value; it is passed on unchanged.
      const onAbort = (): void => this.#take(id)?.reject(signal?.reason as Error);
      const deadline = new Deadline(timeoutMs, () =>
        this.#take(id)?.reject(new ReplyTimeoutException(`The request had no reply within ${timeoutMs} ms.`)),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      const done = (): void => {
        deadline.clear();
        signal?.removeEventListener('abort', onAbort);
      };
      this.#open.set(id, {
        resolve: (value) => {
          done();
          resolve(value);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
    });
    if (this.#open.size === 1) this.host.inbox.awaitsRepliesChanged();
    return tolerateNeglect(reply);
  }

  /** Settles the request that the reply answers. A late or unknown reply is dropped and counted. */
  settle({ id, value, failure }: ReplyMessage): void {
    const request = this.#take(id);
    if (request === undefined) {
      const isLate = typeof id === 'number' && id >= 1 && id <= this.#lastId;
      const reason = isLate ? 'late' : 'unknown';
      this.host.context.diagnostics.report({ kind: 'reply-dropped', ...placeOfSession(this.host), reason });
    } else if (failure === undefined) {
      request.resolve(value);
    } else {
      request.reject(new ReplyException(failure.code, failure.message, issuesOf(failure)));
    }
  }

  #take(id: unknown): OpenRequest | undefined {
    const request = this.#open.get(id);
    if (this.#open.delete(id) && this.#open.size === 0) this.host.inbox.awaitsRepliesChanged();
    return request;
  }

  /** No reply can arrive any more. A handler that awaits one fails by the abort of the session. */
  #end(): void {
    const { reason } = this.host.life.signal as { readonly reason: unknown };
    for (const id of [...this.#open.keys()])
      this.#take(id)?.reject(new IOException('The session ended before the reply.', { cause: reason }));
  }
}
