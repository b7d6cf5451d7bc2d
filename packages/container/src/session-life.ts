import { CloseReason, IOException } from '@serval/api';
import { Deadline, wireClose, type Transport } from '@serval/api/spi';
import type { ContainerContext } from './container-context';
import type { LimitName } from './diagnostic-event';
import { dispatchClose, dispatchDestroy, dispatchError, type DispatchHost } from './dispatcher';
import type { Inbox } from './inbox';
import { untilSettled } from './running-handlers';
import type { RegisteredSession } from './session-registry';
import { placeOfSession, reportLimit, reportOverdue, reportSlowPeer, reportTooLarge } from './session-report';
import type { SessionSetting } from './settings';

/** A session as its life uses it. */
export interface LifeHost extends DispatchHost, RegisteredSession {
  readonly context: ContainerContext;
  readonly transport: Pick<Transport, 'close' | 'terminate' | 'bufferedBytes' | 'remoteAddress'>;
  readonly inbox: Pick<Inbox, 'hasOthers' | 'drain' | 'close' | 'closeBehindOthers' | 'limit' | 'end' | 'giveUp'>;
  readonly limits: {
    readonly handlerTimeoutMs: number;
    setting(name: SessionSetting): number;
    unwatch(): void;
  };
  getId(): string;
  /** The session is no open one any more: it leaves the registry and its rooms. May be called twice. */
  startsToClose(reason: CloseReason): void;
  /** Hands everything that was sent to the transport, which writes it before the close frame. */
  handOver(): void;
  /** The connection is gone: unfinished sends fail, and the session keeps its place for a limited time. */
  connectionGone(): void;
  /** The session is over. */
  ended(end: SessionEnd): void;
}

/** The end of a session, as its container learns of it. */
export interface SessionEnd {
  readonly reason: CloseReason;
  /** Whether a call of `close` ended it. */
  readonly isClosedHere: boolean;
}

/** The end of one session. Most sessions have nothing of it for most of their life. */
interface Ending {
  isPeerLeaving?: boolean;
  isConnectionGone?: boolean;
  /** The reason of this side, from the first call of `close` on. */
  localReason?: CloseReason;
  /** The reason in the peer's close frame, which was seen behind messages that wait. */
  peersReason?: CloseReason;
  /** The reason of the close frame that waits for the handlers. */
  pendingReason?: CloseReason | undefined;
  /** Tells the caller of `close` that the close frame is handed over. */
  onHandedOver?: () => void;
  /** Until our close frame leaves, then until the connection must end. */
  timer?: Deadline;
  connectionError?: Error;
  /** For `@OnError`, before `@OnClose`. */
  loss?: IOException | undefined;
  onClosed?: (end: SessionEnd) => void;
  /** From the return of `@OnClose` on. */
  closed?: SessionEnd;
}

const OVERDUE = new CloseReason(1011, 'a handler took too long');

/**
 * The life of one session: OPEN until either side closes, CLOSING until `@OnClose` returns, then CLOSED. Every end of a
 * session enters here.
 */
export class SessionLife {
  /**
   * `ending`: `close` was called, and the close frame waits for other handlers; `closing`: nothing is sent any more, and
   * `@OnClose` is to come, or runs.
   */
  #phase: 'open' | 'ending' | 'closing' | 'closed' = 'open';
  /** From the first use of {@link signal} on. */
  #aborting: AbortController | undefined;
  #ending: Ending | undefined;

  constructor(private readonly host: LifeHost) {}

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  get isClosed(): boolean {
    return this.#phase === 'closed';
  }

  get canSend(): boolean {
    return this.#isUnclosed && this.#ending?.isConnectionGone !== true;
  }

  /** Whether the session is closing, or will close behind its handlers. */
  get isEnding(): boolean {
    return this.#phase !== 'open' || this.#ending?.pendingReason !== undefined;
  }

  /** Whether our close frame has not left yet. */
  get #isUnclosed(): boolean {
    return this.#phase === 'open' || this.#phase === 'ending';
  }

  get #end(): Ending {
    return (this.#ending ??= {});
  }

  /** Resolves when the session is CLOSED. Call it once. */
  whenClosed(): Promise<SessionEnd> {
    return new Promise((resolve) => {
      this.#end.onClosed = resolve;
    });
  }

  // --- signal -----------------------------------------------------------------------------------------------------

  get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      this.#aborting = new AbortController();
      if (this.#ending?.isPeerLeaving === true || this.isEnding) this.#abort();
    }
    return this.#aborting.signal;
  }

  #abort(): void {
    this.#aborting?.abort();
  }

  /** Whether a handler failed by the abort of {@link signal}. That is no error of it. */
  isAbort(thrown: unknown): boolean {
    const signal = this.#aborting?.signal;
    if (signal?.aborted !== true || thrown === undefined || thrown === null) return false;
    const reason: unknown = signal.reason;
    try {
      if (thrown === reason) return true;
      // Node's own functions reject so; an open request rejects with an IOException.
      const isAbort = thrown instanceof Error && (thrown.name === 'AbortError' || thrown instanceof IOException);
      return isAbort && thrown.cause === reason;
    } catch {
      // A proxy or a getter may throw.
      return false;
    }
  }

  // --- the connection ends ----------------------------------------------------------------------------------------

  connectionFailed(error: Error): void {
    this.#end.connectionError = error;
    this.host.context.diagnostics.report({ kind: 'connection-error', ...placeOfSession(this.host), error });
    // The seam: the error of a broken rule has its close code.
    if ('closeCode' in error && error.closeCode === 1009) this.messageTooLarge(error.message);
  }

  messageTooLarge(phrase: string): void {
    reportTooLarge(this.host, phrase);
  }

  /** The peer is gone, or goes, though messages of it may still wait. */
  peerLeaving(close?: { readonly code: number; readonly reason: string }): void {
    this.#end.isPeerLeaving = true;
    if (close !== undefined) this.#end.peersReason = this.#peersCloseReason(close.code, close.reason);
    this.#abort();
    this.host.inbox.limit(this.host.limits.setting('sessionCloseTimeout'));
  }

  /**
   * The peer closes, or broke a rule. Its earlier messages are handled and answered first (RFC 6455 5.5.1), for as long as
   * the close timeout.
   */
  connectionClosing(code: number, phrase: string): void {
    this.#abort();
    // Otherwise it closes with its own reason already, behind its handlers.
    if (this.#phase === 'open') this.#closeBehindHandlers(this.#peersCloseReason(code, phrase));
  }

  #peersCloseReason(code: number, phrase: string): CloseReason {
    const isNormal = code === 1005 && this.host.context.settings.emptyCloseIsNormal;
    return CloseReason.truncated(isNormal ? 1000 : code, phrase);
  }

  /** The transport's last call. Everything that arrived before is still delivered, then `@OnClose` is called. */
  connectionClosed(code: number, phrase: string): void {
    this.#end.isConnectionGone = true;
    this.#end.timer?.clear();
    this.host.connectionGone();
    if (this.#phase === 'open') this.#end.loss = this.#lossOf(code);
    this.#finishClosing(this.#ending?.localReason ?? this.#peersCloseReason(code, phrase), true);
    this.#endIfOver();
  }

  /** The error for `@OnError`, before `@OnClose` as in Tomcat, where the setting asks for it. */
  #lossOf(code: number): IOException | undefined {
    const { context, plan } = this.host;
    if (!context.settings.connectionLossIsError || code !== 1006 || plan.error === undefined) return undefined;
    return new IOException('The connection ended without a close frame.', { cause: this.#ending?.connectionError });
  }

  // --- this side ends it ------------------------------------------------------------------------------------------

  /** Resolves when the close frame is handed over, behind the answers of other handlers that run. */
  close(reason: CloseReason): Promise<void> {
    if (this.#phase !== 'open') return Promise.resolve();
    this.#end.localReason = reason;
    if (!this.host.inbox.hasOthers) {
      this.#handOverAndClose(reason);
      return Promise.resolve();
    }
    // The answers of the other handlers still leave, and a handler that calls this may await it.
    this.#phase = 'ending';
    this.#abort();
    this.host.startsToClose(reason);
    return new Promise((resolve) => {
      this.#end.onHandedOver = resolve;
      this.#closeBehindHandlers(reason);
    });
  }

  /** The endpoint threw, and the session cannot go on. */
  endpointFailed(phrase: string): void {
    void this.close(CloseReason.truncated(this.host.context.settings.errorCloseCode, phrase));
  }

  /** A handler took too long: the session ends without it. */
  handlerOverdue(method: string | symbol, afterMs: number): void {
    this.#reportOverdue(method, afterMs);
    this.#closeNow();
    const peersReason = this.#ending?.peersReason;
    if (peersReason !== undefined) this.#closeLocally(peersReason, peersReason);
    else if (this.#ending?.isPeerLeaving === true)
      this.#abandon('The peer has left, and a handler took too long.', true);
    else this.#closeLocally(OVERDUE, OVERDUE);
    this.host.inbox.giveUp();
  }

  /**
   * An idle timeout passed, or the peer takes nothing, or answers nothing, any more (WSC-2.1.5: 1006 locally).
   *
   * @param limit the option that ends the session
   * @param isGone whether not to wait for the peer's close frame
   */
  abandon(limit: LimitName, phrase: string, isGone = false): void {
    if (this.#isUnclosed) reportLimit(this.host, limit, `it ends with 1006. ${phrase}`);
    this.#abandon(phrase, isGone);
  }

  #abandon(phrase: string, isGone: boolean): void {
    this.#closeAbnormally(CloseReason.truncated(1006, phrase), CloseReason.truncated(1001, phrase), isGone);
  }

  /** More waits for this peer than the container allows. */
  refuseSlowPeer(): void {
    if (this.#isUnclosed) reportSlowPeer(this.host);
    const reason = new CloseReason(
      this.host.context.settings.queueOverflowCloseCode,
      'Too much is waiting to be sent.',
    );
    this.#closeAbnormally(reason, reason);
  }

  // --- closing ----------------------------------------------------------------------------------------------------

  /** Closes once the inbox is done with everything before, or the close timeout passes. */
  #closeBehindHandlers(reason: CloseReason): void {
    const { inbox, limits } = this.host;
    const ending = this.#end;
    ending.pendingReason = reason;
    const close = (): void => this.#closeNow();
    if (ending.localReason === undefined) inbox.close(close);
    else inbox.closeBehindOthers(close);
    if (ending.pendingReason === undefined) return;
    limits.unwatch();
    const timeoutMs = limits.setting('sessionCloseTimeout');
    inbox.limit(timeoutMs);
    ending.timer?.clear();
    ending.timer = new Deadline(timeoutMs, close);
  }

  /** Sends the close frame that waits for handlers, if there is one. */
  #closeNow(): void {
    const reason = this.#ending?.pendingReason;
    if (reason !== undefined) this.#handOverAndClose(reason);
  }

  /** Earlier sends leave before the close frame. */
  #handOverAndClose(reason: CloseReason): void {
    if (this.canSend) this.host.handOver();
    // Messages that arrived before the peer's close are still handled, even if there is no time left to answer them.
    this.#closeLocally(reason, reason, this.#ending?.localReason === undefined);
  }

  #closeLocally(local: CloseReason, wire: CloseReason, keepWaiting = false): void {
    if (!this.#isUnclosed) return;
    const { transport, limits } = this.host;
    const ending = this.#end;
    ending.pendingReason = undefined;
    ending.timer?.clear();
    const { code, phrase } = wireClose(wire);
    transport.close(code, phrase);
    if (ending.isConnectionGone !== true) {
      ending.timer = new Deadline(limits.setting('sessionCloseTimeout'), () => transport.terminate());
    }
    this.#finishClosing(local, keepWaiting);
  }

  /** As {@link #closeLocally}, for a session that cannot go on: its close frame gets little time to be written. */
  #closeAbnormally(local: CloseReason, wire: CloseReason, isPeerGone = false): void {
    const { transport, limits } = this.host;
    if (!this.#isUnclosed) {
      transport.terminate();
      return;
    }
    this.#closeLocally(local, wire);
    new Deadline(limits.setting('abnormalCloseSendTimeout'), () => {
      if (isPeerGone || transport.bufferedBytes > 0) transport.terminate();
    });
  }

  /** OPEN to CLOSING, once: `@OnClose` follows as soon as no handler is busy. */
  #finishClosing(reason: CloseReason, deliverWaiting: boolean): void {
    if (!this.#isUnclosed) return;
    const { inbox, limits } = this.host;
    const ending = this.#end;
    this.#phase = 'closing';
    this.#abort();
    ending.pendingReason = undefined;
    ending.onHandedOver?.();
    this.host.startsToClose(reason);
    limits.unwatch();
    inbox.end(deliverWaiting, () => void this.#callOnClose(reason));
    inbox.limit(limits.setting('sessionCloseTimeout'));
  }

  /** CLOSING to CLOSED. */
  async #callOnClose(reason: CloseReason): Promise<void> {
    const { host } = this;
    const { loss, localReason } = this.#end;
    if (loss !== undefined) await dispatchError(host, loss);
    const closing = dispatchClose(host, reason);
    if (closing !== undefined) {
      const method = host.plan.close?.method ?? 'onClose';
      const onOverdue = (limitMs: number): void => this.#reportOverdue(method, limitMs);
      await untilSettled(method, closing, host.limits.handlerTimeoutMs, onOverdue);
    }
    for (const error of await host.codecs.destroy()) await dispatchError(host, error);
    await dispatchDestroy(host);
    this.#phase = 'closed';
    const end = { reason, isClosedHere: localReason !== undefined };
    this.#end.closed = end;
    this.#endIfOver();
    this.#ending?.onClosed?.(end);
  }

  #reportOverdue(method: string | symbol, afterMs: number): void {
    // A container that stopped waited for it already.
    if (!this.host.context.registry.isAbandoned) reportOverdue(this.host, method, afterMs);
  }

  #endIfOver(): void {
    const ending = this.#ending;
    if (ending?.closed === undefined || ending.isConnectionGone !== true) return;
    this.host.ended(ending.closed);
  }
}
