import { SETTINGS, type ContainerSettings } from './settings';

/** The settings that WebSocketContainer's setters change. */
type DefaultSetting = 'asyncSendTimeout' | 'maxSessionIdleTimeout' | 'binaryBufferSize' | 'textBufferSize';

/**
 * The defaults for new sessions that every `WebSocketContainer` has, and their setters. Sessions that are open already
 * keep theirs.
 *
 * @see WSC-2.1.7
 */
export abstract class ContainerDefaults {
  protected abstract readonly settings: ContainerSettings;

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

  #change(name: DefaultSetting, value: number): void {
    SETTINGS[name].read(value, name);
    this.settings[name] = value;
  }
}
