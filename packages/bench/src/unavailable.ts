/** Something that the benchmark needs is not on this machine. The message is one line with the remedy. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
