import {
  CloseReason,
  IllegalStateException,
  IOException,
  SendDroppedException,
  type RequestId,
  type StandardSchema,
} from '@serval/api';
import type { RequestCodec } from '@serval/api/spi';
import { asBytes } from './binary-data';
import {
  encode,
  encodeForMany,
  encodePlain,
  encodeRequest,
  encodeTo,
  openStream,
  writesStream,
  type Encoded,
  type Encoding,
} from './encoders';
import { Outbox, type OutboxHost } from './outbox';
import { isThenable, tolerateNeglect, type Sending } from './promises';
import { requireObject, wrongArgument } from './send-arguments';
import { sessionClosed } from './send-bounds';
import { SendOrder } from './send-order';
import type { StreamKind } from './send-state';
import type { FoundEncoder, SessionCodecs } from './session-codecs';

/** A session as its sender uses it. */
export interface SenderHost extends OutboxHost {
  readonly codecs: SessionCodecs;
  close(reason: CloseReason): Promise<void>;
}

/** All sending of one session: replies, and the sends of its Basic and Async remote endpoints. */
export class Sender {
  readonly outbox: Outbox;
  #order: SendOrder | undefined;

  constructor(private readonly host: SenderHost) {
    this.outbox = new Outbox(host);
  }

  /** The connection is gone: everything unfinished fails. */
  end(): void {
    this.outbox.end();
    this.#order?.end(sessionClosed());
  }

  /** Whether a send must wait for an earlier one, whose encoder took its time. */
  get #isHeld(): boolean {
    return this.#order?.isHeld === true;
  }

  get #ordered(): SendOrder {
    return (this.#order ??= new SendOrder(this.host));
  }

  /** Sends the result of an `@OnMessage` method: strings and bytes as they are, everything else as an object. */
  reply(value: unknown): Sending {
    const sending = this.sendAny(value);
    return sending === undefined ? undefined : sending.catch(forgetDropped);
  }

  /** Sends strings and bytes as they are, everything else as an object. */
  sendAny(value: unknown): Sending {
    const timeoutMs = this.host.limits.blockingTimeoutMs;
    if (typeof value === 'string') return this.sendText(value, timeoutMs);
    const bytes = asBytes(value);
    return bytes === undefined ? this.sendObject(value, timeoutMs) : this.sendBinary(bytes, timeoutMs);
  }

  /** As {@link sendAny}. The message replaces one with the same key that waits. */
  sendLatest(value: unknown, key: string): Sending {
    const timeoutMs = this.host.limits.blockingTimeoutMs;
    const encoding =
      typeof value === 'string'
        ? value
        : (asBytes(value) ?? encodeForMany(this.host.codecs, value, this.#fragmentSize));
    if (!isThenable(encoding)) return this.sendEncoded(encoding, timeoutMs, key);
    const encoded = tolerateNeglect(encoding);
    let sending: Sending;
    const inTurn = this.#ordered.exclusively(timeoutMs, async () => {
      const message = await encoded;
      // A stream encoder that wrote nothing sends nothing. The turn ends before the message is sent, so that the next one
      // can replace it.
      if (message !== undefined) sending = this.outbox.sendLatest(message, key, timeoutMs);
    });
    return tolerateNeglect(inTurn.then(() => sending));
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
    if (!this.host.life.canSend) throw new IOException(`A ${as} cannot be opened: the session is closed.`);
    if (this.#isHeld) {
      throw new IllegalStateException(
        `A ${as} cannot be opened while an object is being encoded; await sendObject first.`,
      );
    }
    this.outbox.reserve(as);
  }

  /** @throws EncodeException when nothing takes the object, or the encoder's own error */
  sendObject(object: unknown, timeoutMs: number): Sending {
    requireObject('sendObject', object);
    const found = this.host.codecs.encoderFor(object);
    if (found === undefined) return this.send(encodePlain(object), timeoutMs);
    if (writesStream(found)) {
      return this.#ordered.exclusively(timeoutMs, () => this.#sendStream(found, object, timeoutMs));
    }
    return this.#sendEncoded(encode(found, object), timeoutMs);
  }

  /** @throws IllegalStateException when no encoder with requests takes the object, EncodeException, or the encoder's error */
  sendRequest(id: RequestId, object: unknown): Sending {
    requireObject('request', object);
    const encoded = encodeRequest(this.host.codecs.encoderFor(object), id, object);
    return this.#sendEncoded(encoded, this.host.limits.blockingTimeoutMs);
  }

  /** The schema of the reply to a request, if its codec has one. */
  replySchema(object: unknown): StandardSchema | undefined {
    const codec = this.host.codecs.encoderFor(object)?.encoder as Partial<RequestCodec> | undefined;
    return codec?.replySchema?.(object);
  }

  #sendEncoded(encoded: Encoded | Promise<Encoded>, timeoutMs: number): Sending {
    if (!isThenable(encoded)) return this.send(encoded, timeoutMs);
    // It may fail before its turn comes, or get no turn.
    const encoding = tolerateNeglect(encoded);
    return this.#ordered.exclusively(timeoutMs, async () => {
      const value = await encoding;
      // Not through the order again: the others wait for this task.
      await (typeof value === 'string'
        ? this.outbox.sendText(value, timeoutMs)
        : this.outbox.sendBinary(value, timeoutMs));
    });
  }

  /** As {@link encodeForMany}. */
  encode(object: unknown): Encoding {
    if (object === undefined || object === null) throw wrongArgument('broadcast', 'a message', object);
    return encodeForMany(this.host.codecs, object, this.#fragmentSize);
  }

  /** Sends a message that is encoded already. */
  send(encoded: Encoded, timeoutMs: number): Sending {
    return typeof encoded === 'string' ? this.sendText(encoded, timeoutMs) : this.sendBinary(encoded, timeoutMs);
  }

  /** Sends a message that is encoded already, in place of one with the same key. */
  sendEncoded(encoded: Encoded, timeoutMs: number, key: string): Sending {
    const send = (): Sending => this.outbox.sendLatest(encoded, key, timeoutMs);
    return this.#isHeld ? this.#ordered.after(encoded.length, true, timeoutMs, send) : send();
  }

  get #fragmentSize(): number {
    return this.host.settings.streamBufferSize;
  }

  async #sendStream(found: FoundEncoder, object: unknown, timeoutMs: number): Promise<void> {
    this.outbox.reserve(found.entry.format === 'textStream' ? 'send writer' : 'send stream');
    const stream = openStream(found, this.outbox, timeoutMs, this.#fragmentSize);
    try {
      await encodeTo(stream, found, object);
    } catch (error) {
      // Fragments that left cannot be taken back, and the peer must not take an unfinished message for a whole one.
      if (stream.hasSent) await this.host.close(new CloseReason(1011, 'an encoder failed in mid-message'));
      else stream.discard();
      throw error;
    }
    await stream.close();
  }
}

/** A reply that `queueOverflow` left out is no error of the endpoint. */
function forgetDropped(error: unknown): void {
  if (!(error instanceof SendDroppedException)) throw error;
}
