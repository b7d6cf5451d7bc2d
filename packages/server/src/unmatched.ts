import type { HandshakeRejectionResponse } from '@serval/api';
import { parseRequestTarget } from './request-target';

/** A container, for an upgrade that nobody answers. */
interface UnmatchedHost {
  /** The template of the endpoint that the target was probably meant for. */
  nearestTo(target: string): string | undefined;
  /** Reports the upgrade to the container's diagnostics. */
  upgradeUnmatched(target: string, nearest: string | undefined): void;
}

/** The reply to an upgrade that nobody answers. */
interface UnmatchedReply {
  refuse(status: number, response: HandshakeRejectionResponse): void;
}

const NOT_FOUND = 'No WebSocket endpoint is deployed at this path.\n';
const NO_PATH = 'The target of the request is not a path: its percent-encoding is invalid, or it has a backslash.\n';

/** Refuses an upgrade that nobody answers: with 400 if its target is not a path, otherwise with 404. */
export function refuseUnmatched(containers: readonly UnmatchedHost[], target: string, reply: UnmatchedReply): void {
  reportUnmatched(containers, target);
  if (parseRequestTarget(target) === undefined) reply.refuse(400, { body: NO_PATH });
  else reply.refuse(404, { body: NOT_FOUND });
}

/** Reports it to the container that it was probably meant for, so that it is counted once. */
function reportUnmatched(containers: readonly UnmatchedHost[], target: string): void {
  for (const container of containers) {
    const nearest = container.nearestTo(target);
    if (nearest === undefined) continue;
    container.upgradeUnmatched(target, nearest);
    return;
  }
  containers[0]?.upgradeUnmatched(target, undefined);
}
