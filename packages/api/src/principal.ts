/** An authenticated user. Hosts may add what they know (claims, roles) to the object. */
export interface Principal {
  getName(): string;
}
