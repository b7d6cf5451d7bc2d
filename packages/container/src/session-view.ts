import type { SessionHandshake } from './session-handshake';

/** The short properties of a session that are objects. Most sessions use none or few, so each is built on first use. */
export class SessionView {
  #params: Readonly<Record<string, string>> | undefined;
  #query: URLSearchParams | undefined;
  #data: Record<string, unknown> | undefined;

  constructor(
    private readonly handshake: Pick<SessionHandshake, 'pathParameters' | 'queryString'>,
    private readonly owner: { readonly userProperties: Map<string, unknown> },
  ) {}

  get params(): Readonly<Record<string, string>> {
    return (this.#params ??= frozen(this.handshake.pathParameters));
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.handshake.queryString ?? ''));
  }

  get data(): Record<string, unknown> {
    return (this.#data ??= propertiesOf(this.owner.userProperties));
  }
}

function frozen(values: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  // Without a prototype: a variable may be named `constructor`, and `__proto__` is then a name like any other.
  const params = Object.create(null) as Record<string, string>;
  for (const [name, value] of values) params[name] = value;
  return Object.freeze(params);
}

/** A view of a map as an object without a prototype, whose properties are the map's entries. */
function propertiesOf(map: Map<string, unknown>): Record<string, unknown> {
  // A proxy of the map itself, so that console.log shows the entries.
  return new Proxy(map, AS_PROPERTIES) as unknown as Record<string, unknown>;
}

/** One for all sessions. Only text is a name; a symbol finds nothing. */
const AS_PROPERTIES: ProxyHandler<Map<string, unknown>> = {
  get: (map, name) => (typeof name === 'string' ? map.get(name) : undefined),
  has: (map, name) => typeof name === 'string' && map.has(name),
  set: (map, name, value) => typeof name === 'string' && map.set(name, value) === map,
  deleteProperty: (map, name) => (typeof name === 'string' && map.delete(name)) || true,
  ownKeys: (map) => [...map.keys()],
  getOwnPropertyDescriptor: (map, name) =>
    typeof name === 'string' && map.has(name)
      ? { value: map.get(name), writable: true, enumerable: true, configurable: true }
      : undefined,
  defineProperty: (map, name, { value }) => typeof name === 'string' && map.set(name, value) === map,
  getPrototypeOf: () => null,
  setPrototypeOf: () => false,
  preventExtensions: () => false,
};
