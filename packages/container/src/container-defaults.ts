import { checkSetting, type ContainerSettings } from './settings';

/** The settings that WebSocketContainer's setters change. */
type DefaultSetting = 'asyncSendTimeout' | 'maxSessionIdleTimeout' | 'binaryBufferSize' | 'textBufferSize';

/**
 * What every `WebSocketContainer` answers of its defaults for new sessions, and how it changes them. Sessions that have
 * begun stay as they are.
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
    checkSetting(name, value);
    this.settings[name] = value;
  }
}
