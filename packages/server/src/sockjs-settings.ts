import type { SockJsChoice, SockJsOptions } from '@serval/api';
import { readOptions, SOCK_JS_OPTIONS, type ReadOptions } from '@serval/api/spi';
import { IframePage } from '@serval/sockjs';
import { originPolicy, type AllowedOrigins, type OriginPolicy } from './origin-policy';

/**
 * A client of SockJS waits at least 600 ms for the first frame of a transport and then tries another one. So long a
 * handshake may take until its session begins without it.
 */
export const PATIENCE_MS = 150;

/** How an endpoint speaks SockJS. */
export interface SockJsSettings extends Omit<ReadOptions<typeof SOCK_JS_OPTIONS>, 'allowedOrigins' | 'heartbeatTime'> {
  /** Infinity for never. */
  readonly heartbeatMs: number;
  /** Undefined for the container's rule. */
  readonly origins: OriginPolicy | undefined;
  /** Undefined if pages of other origins may not load it. */
  readonly iframe: IframePage | undefined;
}

/** The container's part of the settings. */
export interface SockJsDefaults {
  readonly choice: SockJsChoice;
  /** The option of the container; undefined for the server's own origin only. */
  readonly allowedOrigins: AllowedOrigins | undefined;
}

/**
 * @param choice that of the endpoint
 * @returns undefined if the endpoint does not speak SockJS
 * @throws DeploymentException when an origin is invalid
 */
export function sockJsSettings(choice: SockJsChoice | undefined, defaults: SockJsDefaults): SockJsSettings | undefined {
  const isOn = choice ?? defaults.choice;
  if (isOn === false) return undefined;
  const given: SockJsOptions = { ...optionsOf(defaults.choice), ...optionsOf(choice) };
  const { heartbeatTime, allowedOrigins, ...settings } = readOptions(SOCK_JS_OPTIONS, given, 'sockJs.');
  // Its kind accepts everything; originPolicy checks it.
  const own = allowedOrigins as AllowedOrigins | undefined;
  return {
    ...settings,
    heartbeatMs: heartbeatTime > 0 ? heartbeatTime : Infinity,
    origins: own && originPolicy(own),
    iframe: iframePage(settings.clientLibraryUrl, own ?? defaults.allowedOrigins),
  };
}

function optionsOf(choice: SockJsChoice | undefined): SockJsOptions {
  return typeof choice === 'object' ? choice : {};
}

/**
 * A page of a foreign origin loads the iframe and passes messages through it, so that all requests come from the server's
 * own origin. As in Spring, it is therefore there for the pages of all origins, or, with X-Frame-Options, of the own one;
 * a list cannot be enforced.
 */
function iframePage(clientLibraryUrl: string, allowedOrigins: AllowedOrigins | undefined): IframePage | undefined {
  if (allowedOrigins === '*') return new IframePage(clientLibraryUrl, {});
  const isOwnOnly = allowedOrigins === undefined || (Array.isArray(allowedOrigins) && allowedOrigins.length === 0);
  return isOwnOnly ? new IframePage(clientLibraryUrl, { 'X-Frame-Options': 'SAMEORIGIN' }) : undefined;
}
