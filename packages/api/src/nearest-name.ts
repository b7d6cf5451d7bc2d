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

/** Insertions, deletions and replacements that turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replace = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replace, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
