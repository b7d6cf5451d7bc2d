/** A container, for an upgrade that nobody answers. */
interface UnmatchedHost {
  /** The template of the endpoint that the target was probably meant for. */
  nearestTo(target: string): string | undefined;
  /** Reports the upgrade to the container's diagnostics. */
  upgradeUnmatched(target: string, nearest: string | undefined): void;
}

/** Reports a 404 to the container that it was probably meant for, so that it is counted once. */
export function reportUnmatched(containers: readonly UnmatchedHost[], target: string): void {
  for (const container of containers) {
    const nearest = container.nearestTo(target);
    if (nearest === undefined) continue;
    container.upgradeUnmatched(target, nearest);
    return;
  }
  containers[0]?.upgradeUnmatched(target, undefined);
}
