import type { ConnectionSeat } from './connection-limits';
import { passMiddleware } from './handshake-calls';
import type { WsHandshakeRequest } from './handshake-request';
import { PendingHandshake } from './pending-handshake';
import { ResponseReply } from './response-reply';
import type { RoutedUpgrade, UpgradeContext } from './routed-request';
import { refuseUpgrade, reportLate } from './upgrade-refusal';

/** One request on its way to an answer. */
export interface Handshake {
  readonly context: UpgradeContext;
  readonly routed: RoutedUpgrade;
  readonly pending: PendingHandshake<ConnectionSeat>;
}

/** The steps of a handshake, before the middleware and behind it. */
export interface HandshakeSteps {
  /** Calls no user code. @returns undefined if the client left in the meantime */
  readonly read: (handshake: Handshake) => WsHandshakeRequest | undefined | Promise<WsHandshakeRequest | undefined>;
  readonly decide: (handshake: Handshake, request: WsHandshakeRequest) => Promise<void>;
  /** Whether the middleware sees the request. Default true. */
  readonly hasMiddleware?: boolean | undefined;
}

/**
 * Runs the steps of a handshake. An exception refuses it. Settles once the request is answered or the client has left, even
 * if user code is still running. Never rejects.
 */
export async function runHandshake(
  context: UpgradeContext,
  received: RoutedUpgrade,
  { read, decide, hasMiddleware = true }: HandshakeSteps,
): Promise<void> {
  const { middleware } = context;
  // Without middleware a handshake costs nothing for it.
  const reply = middleware.length === 0 || !hasMiddleware ? undefined : new ResponseReply(received.reply);
  const routed = reply === undefined ? received : { ...received, reply };
  const pending = new PendingHandshake<ConnectionSeat>(context, routed.client, (thrown) =>
    refuseUpgrade(context, routed, thrown),
  );
  const handshake = { context, routed, pending };
  await pending.orGivenUp(
    guarded(handshake, async () => {
      const request = await read(handshake);
      if (request === undefined) return;
      if (reply === undefined) await decide(handshake, request);
      else await passMiddleware(handshake, reply, request, () => guarded(handshake, () => decide(handshake, request)));
    }),
  );
}

/** Runs steps of a handshake. An exception refuses it, or is reported if the handshake is over. */
async function guarded({ context, routed, pending }: Handshake, steps: () => Promise<void>): Promise<void> {
  try {
    await steps();
  } catch (thrown) {
    if (pending.isOver) reportLate(context, routed, thrown);
    else pending.refuse(thrown);
    pending.releasePlace();
  }
}
