import {
  SendResult,
  type BinaryData,
  type OutputStream,
  type RemoteEndpoint,
  type SendHandler,
  type Session,
  type Writer,
} from '@serval/api';
import { showAs } from '@serval/api/spi';
import type { Encoded } from './encoders';
import { ACCEPTED, rejected, toError, type Sending } from './promises';
import { controlData, requireBytes, requireLast, requireObject, requireText, wrongArgument } from './send-arguments';
import type { Sender } from './sender';
import { WsOutputStream, WsWriter } from './send-streams';
import type { ContainerSettings } from './settings';

/** A session as its remote endpoints use it. */
export interface RemoteHost extends Session {
  readonly sender: Sender;
  readonly settings: Pick<ContainerSettings, 'streamBufferSize'>;
  readonly limits: { readonly blockingTimeoutMs: number; readonly asyncSendTimeoutMs: number };
  /** Calls a SendHandler, whose error goes to `@OnError`. */
  tellResult(handler: (result: SendResult) => unknown, result: SendResult): void;
}

/** See {@link RemoteEndpoint.Basic}. */
export class WsBasicRemote implements RemoteEndpoint.Basic {
  readonly #sender: Sender;

  constructor(private readonly session: RemoteHost) {
    this.#sender = session.sender;
  }

  /** @internal */
  get sessionId(): string {
    return this.session.getId();
  }

  setBatchingAllowed(allowed: boolean): Promise<void> {
    return setBatching(this.#sender, allowed);
  }

  getBatchingAllowed(): boolean {
    return this.#sender.outbox.isBatching;
  }

  flushBatch(): Promise<void> {
    return promiseOf(() => this.#sender.outbox.flush(this.#timeoutMs));
  }

  sendPing(applicationData?: BinaryData): Promise<void> {
    return sendControl(this.#sender, 'ping', applicationData, this.#timeoutMs);
  }

  sendPong(applicationData?: BinaryData): Promise<void> {
    return sendControl(this.#sender, 'pong', applicationData, this.#timeoutMs);
  }

  sendText(text: string, isLast?: boolean): Promise<void> {
    try {
      requireText('sendText', text);
      if (isLast === undefined) return this.#sender.sendText(text, this.#timeoutMs) ?? ACCEPTED;
      requireLast('sendText', isLast);
      return this.#sender.sendTextPart(text, isLast, this.#timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  sendBinary(data: BinaryData, isLast?: boolean): Promise<void> {
    try {
      const bytes = requireBytes('sendBinary', data);
      if (isLast === undefined) return this.#sender.sendBinary(bytes, this.#timeoutMs) ?? ACCEPTED;
      requireLast('sendBinary', isLast);
      return this.#sender.sendBinaryPart(bytes, isLast, this.#timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  getSendStream(): OutputStream {
    this.#sender.reserve('send stream');
    return new WsOutputStream(this.#sender.outbox, this.#timeoutMs, this.session.settings.streamBufferSize);
  }

  getSendWriter(): Writer {
    this.#sender.reserve('send writer');
    return new WsWriter(this.#sender.outbox, this.#timeoutMs, this.session.settings.streamBufferSize);
  }

  sendObject(data: unknown): Promise<void> {
    try {
      return this.#sender.sendObject(data, this.#timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  get #timeoutMs(): number {
    return this.session.limits.blockingTimeoutMs;
  }
}

/** See {@link RemoteEndpoint.Async}. */
export class WsAsyncRemote implements RemoteEndpoint.Async {
  readonly #sender: Sender;
  #sendTimeout: number;

  constructor(private readonly session: RemoteHost) {
    this.#sender = session.sender;
    this.#sendTimeout = session.limits.asyncSendTimeoutMs;
  }

  /** @internal */
  get sessionId(): string {
    return this.session.getId();
  }

  getSendTimeout(): number {
    return this.#sendTimeout;
  }

  setSendTimeout(timeoutMillis: number): void {
    if (!Number.isFinite(timeoutMillis))
      throw wrongArgument('setSendTimeout', 'a number of milliseconds', timeoutMillis);
    this.#sendTimeout = timeoutMillis;
  }

  setBatchingAllowed(allowed: boolean): Promise<void> {
    return setBatching(this.#sender, allowed);
  }

  getBatchingAllowed(): boolean {
    return this.#sender.outbox.isBatching;
  }

  flushBatch(): Promise<void> {
    return promiseOf(() => this.#sender.outbox.flush(this.#timeoutMs));
  }

  sendPing(applicationData?: BinaryData): Promise<void> {
    return sendControl(this.#sender, 'ping', applicationData, this.#timeoutMs);
  }

  sendPong(applicationData?: BinaryData): Promise<void> {
    return sendControl(this.#sender, 'pong', applicationData, this.#timeoutMs);
  }

  sendText(text: string): Promise<void>;
  sendText(text: string, handler: SendHandler): void;
  sendText(text: string, handler?: SendHandler): Promise<void> | undefined {
    if (arguments.length > 1) return this.#report(() => this.#sendText(text), handler);
    // No closure: many sessions are sent one text.
    try {
      return this.#sendText(text) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  #sendText(text: string): Sending {
    requireText('sendText', text);
    return this.#sender.sendText(text, this.#timeoutMs);
  }

  sendBinary(data: BinaryData): Promise<void>;
  sendBinary(data: BinaryData, handler: SendHandler): void;
  sendBinary(data: BinaryData, handler?: SendHandler): Promise<void> | undefined {
    if (arguments.length > 1) return this.#report(() => this.#sendBinary(data), handler);
    try {
      return this.#sendBinary(data) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  #sendBinary(data: BinaryData): Sending {
    return this.#sender.sendBinary(requireBytes('sendBinary', data), this.#timeoutMs);
  }

  sendObject(data: unknown): Promise<void>;
  sendObject(data: unknown, handler: SendHandler): void;
  sendObject(data: unknown, handler?: SendHandler): Promise<void> | undefined {
    const send = (): Promise<void> => promiseOf(() => this.#sender.sendObject(data, this.#timeoutMs));
    if (arguments.length <= 1) return send();
    // An encoder's error is the outcome of the send; a missing object is a mistake of the call.
    requireObject('sendObject', data);
    return this.#report(send, handler);
  }

  /** Sends a message that is encoded already. @param key see `SendOptions.coalesce` */
  send(encoded: Encoded, key?: string): Sending {
    return key === undefined
      ? this.#sender.send(encoded, this.#timeoutMs)
      : this.#sender.sendEncoded(encoded, this.#timeoutMs, key);
  }

  #report(send: () => Sending, handler: SendHandler | undefined): undefined {
    const tell: ((result: SendResult) => unknown) | undefined =
      typeof handler === 'function'
        ? handler
        : typeof handler?.onResult === 'function'
          ? handler.onResult.bind(handler)
          : undefined;
    if (tell === undefined)
      throw wrongArgument('An asynchronous send', 'a SendHandler as its second argument', handler);
    const { session } = this;
    const report = (error: Error | null): void => session.tellResult(tell, new SendResult(session, error));
    (send() ?? ACCEPTED).then(
      () => report(null),
      (error: unknown) => report(toError(error)),
    );
    return undefined;
  }

  get #timeoutMs(): number {
    return this.#sendTimeout > 0 ? this.#sendTimeout : Infinity;
  }
}

function setBatching({ outbox }: Sender, allowed: boolean): Promise<void> {
  return promiseOf(() => {
    if (typeof allowed !== 'boolean') throw wrongArgument('setBatchingAllowed', 'true or false', allowed);
    return outbox.setBatching(allowed);
  });
}

function sendControl(
  { outbox }: Sender,
  kind: 'ping' | 'pong',
  applicationData: BinaryData | undefined,
  timeoutMs: number,
): Promise<void> {
  return promiseOf(() => {
    const data = controlData(kind === 'ping' ? 'sendPing' : 'sendPong', applicationData);
    return outbox.sendControl(kind, data, timeoutMs);
  });
}

/** The outcome of a send as a promise, which rejects with its error. */
function promiseOf(send: () => Sending): Promise<void> {
  try {
    return send() ?? ACCEPTED;
  } catch (error) {
    return rejected(error);
  }
}

const idOf = ({ sessionId }: WsBasicRemote | WsAsyncRemote): string => `of session ${sessionId}`;
showAs(WsBasicRemote, 'RemoteEndpoint', idOf);
showAs(WsAsyncRemote, 'RemoteEndpoint', idOf);
