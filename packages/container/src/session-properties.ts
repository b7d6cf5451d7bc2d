import { IllegalArgumentException } from '@serval/api';
import { readSessionProperty } from './setting-sources';
import type { SettingName, SettingValue } from './settings';

/**
 * A session's user properties. Those that are settings (`org.apache.tomcat.websocket.…` of Tomcat, and our own
 * `serval.…`) are checked when they are put in, and take effect at once.
 */
export class SessionProperties extends Map<string, unknown> {
  readonly #settings = new Map<SettingName, SettingValue>();
  #onChange: (() => void) | undefined;

  /**
   * @param seed the connection's own copy of the endpoint's user properties
   * @param readElsewhere names of settings that somebody else reads, and that are nothing to warn about
   * @throws IllegalArgumentException for a setting out of range
   */
  constructor(
    seed: ReadonlyMap<string, unknown>,
    private readonly warn: (message: string) => void,
    private readonly readElsewhere: ReadonlySet<string>,
  ) {
    super();
    for (const [name, value] of seed) this.set(name, value);
  }

  /** The settings among the properties. */
  settings(): readonly (readonly [SettingName, SettingValue])[] {
    return [...this.#settings];
  }

  onSettingChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** @throws IllegalArgumentException for a setting out of range; the property keeps its old value */
  override set(name: string, value: unknown): this {
    const setting = this.#read(name, value);
    super.set(name, value);
    if (setting !== undefined) {
      this.#settings.set(setting.option, setting.value);
      this.#onChange?.();
    }
    return this;
  }

  override delete(name: string): boolean {
    const setting = this.has(name) ? this.#read(name, this.get(name)) : undefined;
    if (setting !== undefined) this.#settings.delete(setting.option);
    const deleted = super.delete(name);
    if (setting !== undefined) this.#onChange?.();
    return deleted;
  }

  override clear(): void {
    super.clear();
    this.#settings.clear();
    this.#onChange?.();
  }

  #read(name: string, value: unknown): ReturnType<typeof readSessionProperty> {
    if (this.readElsewhere.has(name)) return undefined;
    try {
      return readSessionProperty(name, value, this.warn);
    } catch (error) {
      throw new IllegalArgumentException(`user property ${(error as Error).message}`, { cause: error });
    }
  }
}
