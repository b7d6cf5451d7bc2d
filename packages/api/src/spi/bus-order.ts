/**
 * Numbers the messages of a node, and finds repeated, late and lost ones among those of others. For implementations of
 * `Bus` whose engine repeats or reorders.
 */
export class BusOrder {
  readonly #sent = new Map<string, number>();
  /** By channel, then by node. */
  readonly #received = new Map<string, Map<string, number>>();

  /** The number of the next message of this node on a channel, from 1. */
  next(channel: string): number {
    const number = (this.#sent.get(channel) ?? 0) + 1;
    this.#sent.set(channel, number);
    return number;
  }

  /**
   * Checks a message that arrived.
   *
   * @returns how many messages of that node were lost before it, or undefined for one to leave out. It cannot tell what was
   * lost before the first one
   */
  accept(channel: string, from: string, number: number): number | undefined {
    let nodes = this.#received.get(channel);
    if (nodes === undefined) this.#received.set(channel, (nodes = new Map<string, number>()));
    const last = nodes.get(from);
    if (last !== undefined && number <= last) return undefined;
    nodes.set(from, number);
    return last === undefined ? 0 : number - last - 1;
  }

  /** A node that is gone for good: its name never returns. */
  forget(from: string): void {
    for (const nodes of this.#received.values()) nodes.delete(from);
  }
}
