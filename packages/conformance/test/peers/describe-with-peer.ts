/** A kind of peer, which a machine may not have. */
export interface PeerKind {
  /** Why it cannot be started here and what would help; undefined where it can. */
  missing(): string | undefined;
}

/** A suite of tests with peers. If one is missing, a skipped test's title and stderr say so. */
export function describeWithPeer(kinds: PeerKind | readonly PeerKind[], title: string, define: () => void): void {
  const missing = [kinds].flat().flatMap((kind) => kind.missing() ?? []);
  if (missing.length === 0) {
    describe(title, define);
    return;
  }
  const why = `SKIPPED, because ${missing.join(', and ')}`;
  test.skip(`${title}: ${why}`, () => undefined);
  // Jest shows no title of a suite that is skipped as a whole.
  process.stderr.write(`${title}: ${why}\n`);
}
