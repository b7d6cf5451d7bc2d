/**
 * HTTP header fields: a Map that ignores the case of names and keeps the spelling in which a name came first.
 *
 * Names come from the peer, so they are only ever keys of maps.
 */
export class HeaderMap extends Map<string, string[]> {
  readonly #spelling = new Map<string, string>();
  #sealed = false;

  /** From Node's alternating list of names and values. */
  static fromRawHeaders(raw: readonly string[]): HeaderMap {
    const headers = new HeaderMap();
    for (let index = 0; index + 1 < raw.length; index += 2) headers.add(raw[index] ?? '', raw[index + 1] ?? '');
    return headers;
  }

  add(name: string, value: string): void {
    const values = this.get(name);
    if (values === undefined) this.set(name, [value]);
    else values.push(value);
  }

  /** All values of a header that is a comma-separated list, as one; undefined when it is absent. */
  list(name: string): string | undefined {
    return this.get(name)?.join(', ');
  }

  override get(name: string): string[] | undefined {
    const spelling = this.#spelling.get(name.toLowerCase());
    return spelling === undefined ? undefined : super.get(spelling);
  }

  override has(name: string): boolean {
    return this.#spelling.has(name.toLowerCase());
  }

  override set(name: string, values: string[]): this {
    this.#requireUnsealed();
    const key = name.toLowerCase();
    const spelling = this.#spelling.get(key) ?? name;
    this.#spelling.set(key, spelling);
    return super.set(spelling, values);
  }

  override delete(name: string): boolean {
    this.#requireUnsealed();
    const key = name.toLowerCase();
    const spelling = this.#spelling.get(key);
    return spelling !== undefined && this.#spelling.delete(key) && super.delete(spelling);
  }

  override clear(): void {
    this.#requireUnsealed();
    this.#spelling.clear();
    super.clear();
  }

  /** From now on the map and its lists cannot be changed. */
  seal(): this {
    this.#sealed = true;
    for (const values of this.values()) Object.freeze(values);
    return this;
  }

  #requireUnsealed(): void {
    if (this.#sealed) throw new TypeError('The headers of a request cannot be changed.');
  }
}
