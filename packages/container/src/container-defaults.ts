import type { Rooms, SessionSelection, SessionTarget } from '@serval/api';
import { SETTINGS, type ContainerSettings } from './settings';

/** The settings that WebSocketContainer's setters change. */
type DefaultSetting = 'asyncSendTimeout' | 'maxSessionIdleTimeout' | 'binaryBufferSize' | 'textBufferSize';

/** The open sessions of a container. */
export interface Selections {
  readonly rooms: Rooms;
  to(targets: readonly SessionTarget[]): SessionSelection;
  toAll(): SessionSelection;
}

/**
 * The defaults for new sessions that every `WebSocketContainer` has, with their setters, and the selections of open
 * sessions. Sessions that are open already keep their settings.
 *
 * @see WSC-2.1.7
 */
export abstract class ContainerDefaults {
  protected abstract readonly settings: ContainerSettings;
  protected abstract readonly selections: Selections;

  getDefaultAsyncSendTimeout(): number {
    return this.settings.asyncSendTimeout;
  }

  /** @throws DeploymentException for a value out of range, as the setters below */
  setAsyncSendTimeout(timeoutMillis: number): void {
    this.#change('asyncSendTimeout', timeoutMillis);
  }

  getDefaultMaxSessionIdleTimeout(): number {
    return this.settings.maxSessionIdleTimeout;
  }

  setDefaultMaxSessionIdleTimeout(timeoutMillis: number): void {
    this.#change('maxSessionIdleTimeout', timeoutMillis);
  }

  getDefaultMaxBinaryMessageBufferSize(): number {
    return this.settings.binaryBufferSize;
  }

  setDefaultMaxBinaryMessageBufferSize(max: number): void {
    this.#change('binaryBufferSize', max);
  }

  getDefaultMaxTextMessageBufferSize(): number {
    return this.settings.textBufferSize;
  }

  setDefaultMaxTextMessageBufferSize(max: number): void {
    this.#change('textBufferSize', max);
  }

  /** See `WebSocketContainer.to`. */
  to(...targets: readonly SessionTarget[]): SessionSelection {
    return this.selections.to(targets);
  }

  /** See `WebSocketContainer.toAll`. */
  toAll(): SessionSelection {
    return this.selections.toAll();
  }

  /** See `WebSocketContainer.rooms`. */
  get rooms(): Rooms {
    return this.selections.rooms;
  }

  #change(name: DefaultSetting, value: number): void {
    SETTINGS[name].read(value, name);
    this.settings[name] = value;
  }
}
