import {
  CloseReason,
  EncodeException,
  IllegalArgumentException,
  IllegalStateException,
  IOException,
  SendDroppedException,
  SendResult,
  type AnyEncoder,
  type BinaryData,
  type Encoder,
  type OutputStream,
  type RemoteEndpoint,
  type SendHandler,
  type Writer,
} from '@serval/api';
import { describeValue, showAs } from '@serval/api/spi';
import type { CodecEntry } from '@serval/plan';
import { asBytes } from './binary-data';
import { Outbox, type Sending } from './outbox';
import { isThenable, rejected, tolerateNeglect, toError } from './promises';
import { SendOrder } from './send-order';
import type { StreamKind } from './send-state';
import { CollectedMessage, WsOutputStream, WsWriter, type FragmentSink } from './send-streams';
import { noEncoder } from './session-codecs';
import type { WsSession } from './session';

const MAX_CONTROL_BYTES = 125;
const NO_BYTES = new Uint8Array(0);
const ACCEPTED = Promise.resolve();

/** A whole message as it is sent. */
export type Encoded = string | Uint8Array;

/** All sending of one session: what its Basic and Async remote endpoints share, and the way of replies. */
export class WsRemote {
  readonly outbox: Outbox;
  #order: SendOrder | undefined;

  constructor(private readonly session: WsSession) {
    this.outbox = new Outbox(session);
  }

  /** The connection is gone: everything unfinished fails. */
  end(): void {
    this.outbox.end();
    this.#order?.end(new IOException('The message was not sent: the session is closed.'));
  }

  /** Whether a send must wait for one before it: only where an encoder took its time. */
  get #isHeld(): boolean {
    return this.#order?.isHeld === true;
  }

  get #ordered(): SendOrder {
    return (this.#order ??= new SendOrder(this.outbox, this.session.context.settings));
  }

  /** Sends what an `@OnMessage` method returned: strings and bytes as they are, everything else as an object. */
  reply(value: unknown): Sending {
    // The peer may have left while the method ran; a reply to nobody is no error of the endpoint.
    if (!this.session.canSend) return undefined;
    const sending = this.#sendReply(value);
    return sending === undefined ? undefined : sending.catch(forgetDropped);
  }

  #sendReply(value: unknown): Sending {
    if (typeof value === 'string') return this.sendText(value, this.session.blockingTimeoutMs);
    const bytes = asBytes(value);
    return bytes === undefined
      ? this.sendObject(value, this.session.blockingTimeoutMs)
      : this.sendBinary(bytes, this.session.blockingTimeoutMs);
  }

  sendText(text: string, timeoutMs: number): Sending {
    if (!this.#isHeld) return this.outbox.sendText(text, timeoutMs);
    return this.#ordered.after(text.length, true, timeoutMs, () => this.outbox.sendText(text, timeoutMs));
  }

  sendBinary(data: Uint8Array, timeoutMs: number): Sending {
    if (!this.#isHeld) return this.outbox.sendBinary(data, timeoutMs);
    return this.#ordered.after(data.byteLength, true, timeoutMs, () => this.outbox.sendBinary(data, timeoutMs));
  }

  sendTextPart(part: string, last: boolean, timeoutMs: number): Sending {
    if (!this.#isHeld) return this.outbox.sendTextPart(part, last, timeoutMs);
    return this.#ordered.after(part.length, false, timeoutMs, () => this.outbox.sendTextPart(part, last, timeoutMs));
  }

  sendBinaryPart(part: Uint8Array, last: boolean, timeoutMs: number): Sending {
    if (!this.#isHeld) return this.outbox.sendBinaryPart(part, last, timeoutMs);
    return this.#ordered.after(part.byteLength, false, timeoutMs, () =>
      this.outbox.sendBinaryPart(part, last, timeoutMs),
    );
  }

  /** Gives the connection to a stream or writer. @throws IllegalStateException while another message is under way */
  reserve(as: StreamKind): void {
    if (!this.session.canSend) throw new IOException(`A ${as} cannot be opened: the session is closed.`);
    if (this.#isHeld) {
      throw new IllegalStateException(
        `A ${as} cannot be opened while an object is being encoded; await sendObject first.`,
      );
    }
    this.outbox.reserve(as);
  }

  /** @throws EncodeException when nothing takes the object, or what the encoder throws */
  sendObject(object: unknown, timeoutMs: number): Sending {
    requireObject(object);
    const found = this.session.codecs.encoderFor(object);
    if (found === undefined) return this.send(plain(object), timeoutMs);
    const { entry, encoder } = found;
    if (entry.format.endsWith('Stream')) {
      return this.#ordered.exclusively(timeoutMs, () => this.#streamEncoded(entry, encoder, object, timeoutMs));
    }
    const encoded: unknown = (encoder as Encoder.Text<unknown>).encode(object);
    if (!isThenable(encoded)) return this.send(checkEncoded(entry, encoded, object), timeoutMs);
    // It may fail before its turn comes, or be refused a turn.
    const encoding = tolerateNeglect(Promise.resolve(encoded));
    return this.#ordered.exclusively(timeoutMs, async () => {
      const value = checkEncoded(entry, await encoding, object);
      // Not through the order again: this task is what the others wait for.
      await (typeof value === 'string'
        ? this.outbox.sendText(value, timeoutMs)
        : this.outbox.sendBinary(value, timeoutMs));
    });
  }

  /**
   * The message that `sendObject` would send, for many sessions.
   *
   * @returns undefined (in a promise) when a stream encoder wrote nothing
   * @throws EncodeException when nothing takes the object, or what the encoder throws
   */
  encode(object: unknown): Encoded | Promise<Encoded | undefined> {
    if (object === undefined || object === null) throw wrong('broadcast', 'a message', object);
    const found = this.session.codecs.encoderFor(object);
    if (found === undefined) return plain(object);
    const { entry, encoder } = found;
    if (entry.format.endsWith('Stream')) return this.#collect(entry, encoder, object);
    const encoded: unknown = (encoder as Encoder.Text<unknown>).encode(object);
    return isThenable(encoded)
      ? Promise.resolve(encoded).then((value) => checkEncoded(entry, value, object))
      : checkEncoded(entry, encoded, object);
  }

  async #collect(entry: CodecEntry, encoder: AnyEncoder, object: unknown): Promise<Encoded | undefined> {
    const collected = new CollectedMessage();
    const stream = this.#openStream(entry, collected, Infinity);
    await (encoder as Encoder.TextStream<unknown>).encode(object, stream as WsWriter);
    await stream.close();
    return collected.message;
  }

  #openStream(entry: CodecEntry, sink: FragmentSink, timeoutMs: number): WsWriter | WsOutputStream {
    const fragmentSize = this.session.context.settings.streamBufferSize;
    return entry.format === 'textStream'
      ? new WsWriter(sink, timeoutMs, fragmentSize)
      : new WsOutputStream(sink, timeoutMs, fragmentSize);
  }

  /** Sends what {@link encode} has made, for this session or another one. */
  send(encoded: Encoded, timeoutMs: number): Sending {
    return typeof encoded === 'string' ? this.sendText(encoded, timeoutMs) : this.sendBinary(encoded, timeoutMs);
  }

  async #streamEncoded(entry: CodecEntry, encoder: AnyEncoder, object: unknown, timeoutMs: number): Promise<void> {
    this.outbox.reserve(entry.format === 'textStream' ? 'send writer' : 'send stream');
    const stream = this.#openStream(entry, this.outbox, timeoutMs);
    try {
      await (encoder as Encoder.TextStream<unknown>).encode(object, stream as WsWriter);
    } catch (error) {
      // What has left cannot be taken back, and an unfinished message must not be passed off as a whole one.
      if (stream.hasSent) await this.session.close(new CloseReason(1011, 'an encoder failed in mid-message'));
      else stream.discard();
      throw error;
    }
    await stream.close();
  }
}

abstract class WsRemoteEndpoint implements RemoteEndpoint {
  constructor(
    protected readonly session: WsSession,
    protected readonly remote: WsRemote,
  ) {}

  protected abstract readonly timeoutMs: number;

  /** @internal */
  get sessionId(): string {
    return this.session.getId();
  }

  setBatchingAllowed(allowed: boolean): Promise<void> {
    return asRejection(() => {
      if (typeof allowed !== 'boolean') throw wrong('setBatchingAllowed', 'true or false', allowed);
      return this.remote.outbox.setBatching(allowed);
    });
  }

  getBatchingAllowed(): boolean {
    return this.remote.outbox.isBatching;
  }

  flushBatch(): Promise<void> {
    return asRejection(() => this.remote.outbox.flush(this.timeoutMs));
  }

  sendPing(applicationData?: BinaryData): Promise<void> {
    return this.#sendControl('ping', applicationData);
  }

  sendPong(applicationData?: BinaryData): Promise<void> {
    return this.#sendControl('pong', applicationData);
  }

  #sendControl(kind: 'ping' | 'pong', applicationData: BinaryData | undefined): Promise<void> {
    try {
      const data = controlData(kind === 'ping' ? 'sendPing' : 'sendPong', applicationData);
      return this.remote.outbox.sendControl(kind, data, this.timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }
}

/** See {@link RemoteEndpoint.Basic}. */
export class WsBasicRemote extends WsRemoteEndpoint implements RemoteEndpoint.Basic {
  protected override get timeoutMs(): number {
    return this.session.blockingTimeoutMs;
  }

  sendText(text: string, isLast?: boolean): Promise<void> {
    try {
      requireText('sendText', text);
      if (isLast === undefined) return this.remote.sendText(text, this.timeoutMs) ?? ACCEPTED;
      requireLast('sendText', isLast);
      return this.remote.sendTextPart(text, isLast, this.timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  sendBinary(data: BinaryData, isLast?: boolean): Promise<void> {
    try {
      const bytes = requireBytes('sendBinary', data);
      if (isLast === undefined) return this.remote.sendBinary(bytes, this.timeoutMs) ?? ACCEPTED;
      requireLast('sendBinary', isLast);
      return this.remote.sendBinaryPart(bytes, isLast, this.timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }

  getSendStream(): OutputStream {
    this.remote.reserve('send stream');
    return new WsOutputStream(this.remote.outbox, this.timeoutMs, this.session.context.settings.streamBufferSize);
  }

  getSendWriter(): Writer {
    this.remote.reserve('send writer');
    return new WsWriter(this.remote.outbox, this.timeoutMs, this.session.context.settings.streamBufferSize);
  }

  sendObject(data: unknown): Promise<void> {
    try {
      return this.remote.sendObject(data, this.timeoutMs) ?? ACCEPTED;
    } catch (error) {
      return rejected(error);
    }
  }
}

/** See {@link RemoteEndpoint.Async}. */
export class WsAsyncRemote extends WsRemoteEndpoint implements RemoteEndpoint.Async {
  #sendTimeout: number;

  constructor(session: WsSession, remote: WsRemote) {
    super(session, remote);
    this.#sendTimeout = session.asyncSendTimeoutMs;
  }

  protected override get timeoutMs(): number {
    return this.#sendTimeout > 0 ? this.#sendTimeout : Infinity;
  }

  getSendTimeout(): number {
    return this.#sendTimeout;
  }

  setSendTimeout(timeoutMillis: number): void {
    if (!Number.isFinite(timeoutMillis)) throw wrong('setSendTimeout', 'a number of milliseconds', timeoutMillis);
    this.#sendTimeout = timeoutMillis;
  }

  sendText(text: string): Promise<void>;
  sendText(text: string, handler: SendHandler): void;
  sendText(text: string, handler?: SendHandler): Promise<void> | undefined {
    const send = (): Sending => {
      requireText('sendText', text);
      return this.remote.sendText(text, this.timeoutMs);
    };
    return this.#outcome(send, arguments.length > 1, handler);
  }

  sendBinary(data: BinaryData): Promise<void>;
  sendBinary(data: BinaryData, handler: SendHandler): void;
  sendBinary(data: BinaryData, handler?: SendHandler): Promise<void> | undefined {
    const send = (): Sending => this.remote.sendBinary(requireBytes('sendBinary', data), this.timeoutMs);
    return this.#outcome(send, arguments.length > 1, handler);
  }

  sendObject(data: unknown): Promise<void>;
  sendObject(data: unknown, handler: SendHandler): void;
  sendObject(data: unknown, handler?: SendHandler): Promise<void> | undefined {
    const withHandler = arguments.length > 1;
    // What an encoder throws is the outcome of the send, and a missing object a mistake of the call.
    if (withHandler) requireObject(data);
    const send = (): Promise<void> => asRejection(() => this.remote.sendObject(data, this.timeoutMs));
    return this.#outcome(send, withHandler, handler);
  }

  /** A message that is encoded already. */
  send(encoded: Encoded): Sending {
    return this.remote.send(encoded, this.timeoutMs);
  }

  #outcome(send: () => Sending, withHandler: boolean, handler: SendHandler | undefined): Promise<void> | undefined {
    if (!withHandler) return asRejection(send);
    const tell: ((result: SendResult) => unknown) | undefined =
      typeof handler === 'function'
        ? handler
        : typeof handler?.onResult === 'function'
          ? handler.onResult.bind(handler)
          : undefined;
    if (tell === undefined) throw wrong('An asynchronous send', 'a SendHandler as its second argument', handler);
    const report = (error: Error | null): void => this.session.tellResult(tell, new SendResult(this.session, error));
    (send() ?? ACCEPTED).then(
      () => report(null),
      (error: unknown) => report(toError(error)),
    );
    return undefined;
  }
}

/** A reply that the container left out, as `queueOverflow` told it to, is no error of the endpoint. */
function forgetDropped(error: unknown): void {
  if (!(error instanceof SendDroppedException)) throw error;
}

function asRejection(send: () => Sending): Promise<void> {
  try {
    return send() ?? ACCEPTED;
  } catch (error) {
    return rejected(error);
  }
}

/** What an object is without an encoder: strings and bytes are themselves, primitives their text. */
function plain(object: unknown): Encoded {
  switch (typeof object) {
    case 'string':
      return object;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(object);
    default: {
      const bytes = asBytes(object);
      if (bytes !== undefined) return bytes;
      throw noEncoder(object);
    }
  }
}

function checkEncoded(entry: CodecEntry, encoded: unknown, object: unknown): Encoded {
  const value = typeof encoded === 'string' ? encoded : asBytes(encoded);
  if (value !== undefined) return value;
  throw new EncodeException(object, `Encoder ${entry.name} returned ${kindOf(encoded)}; expected a string or bytes.`);
}

function requireObject(object: unknown): asserts object is NonNullable<unknown> {
  if (object === undefined || object === null) throw wrong('sendObject', 'an object', object);
}

/** @throws IllegalArgumentException for what no control frame can carry */
function controlData(call: string, applicationData: BinaryData | undefined): Uint8Array {
  const data = applicationData === undefined ? NO_BYTES : requireBytes(call, applicationData);
  if (data.byteLength <= MAX_CONTROL_BYTES) return data;
  throw new IllegalArgumentException(
    `${call} takes at most ${MAX_CONTROL_BYTES} bytes of application data; found ${data.byteLength} (RFC 6455 5.5).`,
  );
}

function requireText(call: string, text: unknown): void {
  if (typeof text !== 'string') throw wrong(call, 'a string', text);
}

function requireBytes(call: string, data: unknown): Uint8Array {
  const bytes = asBytes(data);
  if (bytes !== undefined) return bytes;
  const expected = 'a Buffer, Uint8Array, ArrayBuffer or DataView';
  // Its bytes can only be awaited, and what is sent meanwhile would go before it.
  throw wrong(call, data instanceof Blob ? `${expected}, such as await blob.arrayBuffer()` : expected, data);
}

function requireLast(call: string, isLast: unknown): void {
  if (typeof isLast !== 'boolean') throw wrong(call, 'true or false as its second argument, for the last part', isLast);
}

function wrong(call: string, expected: string, found: unknown): IllegalArgumentException {
  return new IllegalArgumentException(`${call} takes ${expected}; found ${kindOf(found)}.`);
}

/** Of a message only its kind is shown. */
function kindOf(value: unknown): string {
  const isPlain = value === null || value === undefined || typeof value === 'object' || typeof value === 'function';
  return isPlain ? describeValue(value) : `a ${typeof value}`;
}

showAs(WsRemoteEndpoint, 'RemoteEndpoint', (remote) => `of session ${remote.sessionId}`);
