/** An authenticated user. `authenticate` may return an object with more members, such as claims and roles. */
export interface Principal {
  getName(): string;
}
