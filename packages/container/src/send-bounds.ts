import { IllegalStateException, IOException, SendDroppedException, SocketTimeoutException } from '@serval/api';
import type { LimitName } from './diagnostic-event';
import type { ContainerSettings } from './settings';

/** A session as the bounds of its sends use it. */
export interface BoundsHost {
  readonly settings: Pick<ContainerSettings, 'maxQueuedBytes' | 'maxQueuedMessages' | 'queueOverflow'>;
  readonly life: {
    readonly canSend: boolean;
    /** Ends the session: the peer takes nothing any more. */
    abandon(limit: LimitName, phrase: string): void;
    /** Ends the session: too much waits for the peer. */
    refuseSlowPeer(): void;
  };
  /** A message was left out. */
  sendDropped(): void;
  /** The send that does not fit was refused. */
  sendRefused(): void;
}

/** A send is accepted at once while no more than this waits to be written. Beyond it, the sender waits. */
export const LOW_WATER = 65_536;

/** Whether a message of this size could wait if nothing else did. A larger one must not evict the others for nothing. */
export function fitsAlone({ settings }: BoundsHost, bytes: number): boolean {
  return bytes <= Math.max(settings.maxQueuedBytes, LOW_WATER);
}

/** The error of a new send that does not fit. A part cannot be left out of its message, so the session ends instead. */
export function overflow(host: BoundsHost, isDroppable: boolean): Error {
  const { queueOverflow } = host.settings;
  if (queueOverflow === 'close' || !isDroppable) {
    host.life.refuseSlowPeer();
    return new IOException('Too much is waiting for this peer; its session is closed.');
  }
  if (queueOverflow === 'reject') {
    host.sendRefused();
    return new IllegalStateException(
      'Too much is waiting for this peer (queueOverflow is "reject"); the message was not sent.',
    );
  }
  return dropped(host);
}

/** The error of a message that is left out. Reports it to the diagnostics. */
export function dropped(host: BoundsHost): SendDroppedException {
  host.sendDropped();
  return new SendDroppedException('The message was dropped: too much is waiting for this peer.');
}

/** The error of a send that took too long. Ends the session. */
export function timedOut({ life }: BoundsHost): SocketTimeoutException {
  if (life.canSend) life.abandon('sendTimeout', 'A message was not sent within the send timeout.');
  return new SocketTimeoutException('The message was not sent within the send timeout; its session ends.');
}

export function sessionClosed(): IOException {
  return new IOException('The message was not sent: the session is closed.');
}

export function textOnly(): IllegalStateException {
  return new IllegalStateException(
    'The session carries only text, because its client connects by SockJS. Send the bytes as text, such as base64.',
  );
}
