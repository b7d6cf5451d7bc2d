import { IllegalArgumentException, ServerEndpointConfig, type EndpointConfig } from '@serval/api';
import { describeValue, type Transport } from '@serval/api/spi';
import type { ContainerContext } from './container-context';
import type { LimitName } from './diagnostic-event';
import type { WatchedSession } from './idle-timeouts';
import { KeepAlive, type KeepAliveHost } from './keep-alive';
import type { SessionProperties } from './session-properties';
import type { ContainerSettings, SessionSetting } from './settings';

/** A session as its limits use it. */
export interface LimitsHost {
  readonly context: ContainerContext;
  readonly endpointConfig: EndpointConfig;
  readonly transport: Pick<Transport, 'ping' | 'bufferedBytes' | 'progress' | 'isHoldingBack'>;
  readonly inbox: { readonly isReading: boolean };
  readonly life: {
    /** Whether the session is closing, or will close behind its handlers. */
    readonly isEnding: boolean;
    abandon(limit: LimitName, phrase: string, isGone?: boolean): void;
  };
}

/** The limits of one session: its sizes, its timeouts, the settings among its user properties, and when it was active. */
export class SessionLimits implements WatchedSession, KeepAliveHost {
  /** The container's, or an object on top of it with the values that differ. */
  #settings: ContainerSettings;
  #textBytes: number;
  #binaryBytes: number;
  #maxIdleTimeoutMs: number;
  /** The Async remote's timeout at first: the container's default when the session began. */
  readonly asyncSendTimeoutMs: number;
  /** By the clock of the idle timeouts, which ticks only while a session of the container has one. */
  #lastRead = 0;
  #lastWrite = 0;
  #keepAlive: KeepAlive | undefined;

  /** @param properties made beforehand where the configuration has user properties, so that a bad one refuses the handshake */
  constructor(
    private readonly host: LimitsHost,
    private properties: SessionProperties | undefined,
  ) {
    this.#settings = this.#ownSettings();
    this.#textBytes = this.#settings.textBufferSize;
    this.#binaryBytes = this.#settings.binaryBufferSize;
    this.#maxIdleTimeoutMs = this.#settings.maxSessionIdleTimeout;
    this.asyncSendTimeoutMs = this.#settings.asyncSendTimeout;
    properties?.onSettingChange(() => this.#settingsChanged());
  }

  /** The settings of this session: its user properties before its endpoint's limits before those of the container. */
  get settings(): ContainerSettings {
    return this.#settings;
  }

  #ownSettings(): ContainerSettings {
    const { context, endpointConfig } = this.host;
    const limits = endpointConfig instanceof ServerEndpointConfig ? Object.entries(endpointConfig.getLimits()) : [];
    const properties = this.properties?.settings() ?? [];
    if (limits.length === 0 && properties.length === 0) return context.settings;
    // All others stay those of the container, also if these change.
    const own = Object.create(context.settings) as ContainerSettings;
    return Object.assign(own, Object.fromEntries(limits), Object.fromEntries(properties));
  }

  #settingsChanged(): void {
    this.#settings = this.#ownSettings();
    this.watch();
  }

  // --- sizes ------------------------------------------------------------------------------------------------------

  get textBytes(): number {
    return this.#textBytes;
  }

  setTextBytes(length: number): void {
    this.#textBytes = requireSize('setMaxTextMessageBufferSize', length);
  }

  get binaryBytes(): number {
    return this.#binaryBytes;
  }

  setBinaryBytes(length: number): void {
    this.#binaryBytes = requireSize('setMaxBinaryMessageBufferSize', length);
  }

  /** Whether the limit of a text counts its characters. */
  get countsCharacters(): boolean {
    return this.host.context.settings.textLimitUnit === 'characters';
  }

  // --- settings ---------------------------------------------------------------------------------------------------

  get userProperties(): SessionProperties {
    if (this.properties === undefined) {
      const { context, endpointConfig } = this.host;
      this.properties = context.sessionProperties(endpointConfig.getUserProperties());
      this.properties.onSettingChange(() => this.#settingsChanged());
    }
    return this.properties;
  }

  /** A setting that is a number. */
  setting(name: SessionSetting): number {
    return this.#settings[name];
  }

  get blockingTimeoutMs(): number {
    const timeout = this.setting('blockingSendTimeout');
    return timeout < 0 ? Infinity : timeout;
  }

  /** How long a handler may take; Infinity for ever. */
  get handlerTimeoutMs(): number {
    return positiveOrNever(this.host.context.settings.handlerTimeout);
  }

  // --- activity, idle timeouts and pings --------------------------------------------------------------------------

  get maxIdleTimeoutMs(): number {
    return this.#maxIdleTimeoutMs;
  }

  setMaxIdleTimeout(milliseconds: number): void {
    this.#maxIdleTimeoutMs = requireMilliseconds('setMaxIdleTimeout', milliseconds);
    this.watch();
  }

  get lastRead(): number {
    return this.host.transport.isHoldingBack === true ? this.now : this.#lastRead;
  }

  get lastWrite(): number {
    return this.#lastWrite;
  }

  get now(): number {
    return this.host.context.idleTimeouts.now;
  }

  /** Something was read: a message, a part of one, or a pong. */
  read(): void {
    this.#lastRead = this.host.context.idleTimeouts.now;
  }

  /** Something is being written. */
  wrote(): void {
    this.#lastWrite = this.host.context.idleTimeouts.now;
  }

  /** An automatic ping was answered, or reading goes on after a pause. */
  heard(): void {
    this.#keepAlive?.heard();
  }

  /** Watches the session by its present settings. */
  watch(): void {
    if (this.host.life.isEnding) return;
    this.#configureKeepAlive();
    this.host.context.idleTimeouts.watch(this, {
      readMs: positiveOrNever(this.setting('readIdleTimeout')),
      writeMs: positiveOrNever(this.setting('writeIdleTimeout')),
      bothMs: positiveOrNever(this.#maxIdleTimeoutMs),
    });
  }

  /** The session ends: it is neither idle nor pinged any more. */
  unwatch(): void {
    this.host.context.idleTimeouts.forget(this);
  }

  watchedFrom(now: number): void {
    this.#lastRead = this.#lastWrite = now;
  }

  get keepAlive(): KeepAlive | undefined {
    return this.#keepAlive;
  }

  get transport(): LimitsHost['transport'] {
    return this.host.transport;
  }

  get isReading(): boolean {
    return this.host.inbox.isReading;
  }

  abandon(limit: LimitName, phrase: string, isGone?: boolean): void {
    this.host.life.abandon(limit, phrase, isGone);
  }

  #configureKeepAlive(): void {
    const intervalMs = positiveOrNever(this.setting('pingInterval'));
    if (intervalMs === Infinity) {
      this.#keepAlive = undefined;
      return;
    }
    this.#keepAlive ??= new KeepAlive(this);
    this.#keepAlive.configure(intervalMs, positiveOrNever(this.setting('pongTimeout')));
  }
}

/** A timeout as timers count it: 0 or less means never. */
function positiveOrNever(milliseconds: number): number {
  return milliseconds > 0 ? milliseconds : Infinity;
}

/** @throws IllegalArgumentException for anything but a number */
function requireMilliseconds(call: string, milliseconds: unknown): number {
  if (Number.isFinite(milliseconds)) return Number(milliseconds);
  throw new IllegalArgumentException(
    `${call} takes a number of milliseconds, 0 or less for never; found ${describeValue(milliseconds)}.`,
  );
}

/** @throws IllegalArgumentException for anything but a size */
function requireSize(call: string, length: unknown): number {
  if (Number.isInteger(length) && Number(length) >= 0) return Number(length);
  throw new IllegalArgumentException(
    `${call} takes a whole number of bytes, 0 or more; found ${describeValue(length)}.`,
  );
}
