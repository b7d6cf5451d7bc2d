import type { HandshakeResponse } from 'serval';

/** Puts headers, or parameters, into the response of a handshake: `response.getHeaders().putAll(map)` of Java. */
export function copyTo(response: HandshakeResponse, map: ReadonlyMap<string, readonly string[]>): void {
  for (const [name, values] of map) response.getHeaders().set(name, [...values]);
}

/** Tries to write into a map that is to be read only. Whether it throws is left open; the client looks for the key. */
export function attemptToAdd(map: ReadonlyMap<string, readonly string[]>, name: string, values: string[]): void {
  try {
    // For the compiler the map is read-only; this checks that it is read-only at run time too.
    (map as Map<string, readonly string[]>).set(name, values);
  } catch {
    // As it should be.
  }
}
