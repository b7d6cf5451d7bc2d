/** The machine lacks something that the benchmark needs. The message is one line with the remedy. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
