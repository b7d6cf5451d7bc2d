/** The known name closest to a wrong one, or undefined if none is close. */
export function nearestName(wrong: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  // Up to a third of the letters may differ; beyond that a guess does not help.
  let least = Math.floor(lastWord(wrong).length / 3) + 1;
  for (const name of known) {
    const distance = editDistance(lastWord(wrong).toLowerCase(), lastWord(name).toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** The part after the last dot, since a common prefix would make all names look similar. */
function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let index = 0; index < from.length; index += 1) {
    const next = [index + 1];
    for (let column = 0; column < to.length; column += 1) {
      const replace = (row[column] ?? 0) + (from[index] === to[column] ? 0 : 1);
      const isSwap = from[index] === to[column - 1] && from[index - 1] === to[column];
      const swap = isSwap ? (before[column - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(replace, swap, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
