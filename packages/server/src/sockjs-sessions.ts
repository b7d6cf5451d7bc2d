import type { HttpSession, TransportName } from '@serval/sockjs';
import { addressKey } from './client-address';
import type { DeployedEndpoint } from './deployment';
import type { SockJsSettings } from './sockjs-settings';

/** So many sessions that are over answer further requests; beyond that the oldest is forgotten. */
const MAX_ENDED = 10_000;

/** The user of a session, or the address of its client if it has none. */
export interface Owner {
  readonly user: string | undefined;
  readonly address: string | undefined;
}

export function ownerOf(user: string | undefined, remoteAddress: string | undefined): Owner {
  return { user, address: addressKey(remoteAddress) };
}

/** Whether a request comes from the owner of a session, as in Spring: the user counts, and the address of those without one. */
export function isOwner(owner: Owner, other: Owner, bindsToAddress: boolean): boolean {
  if (owner.user !== undefined || other.user !== undefined) return owner.user === other.user;
  return !bindsToAddress || owner.address === other.address;
}

/** A session over HTTP in the table. */
export interface SockJsEntry {
  readonly transport: TransportName;
  readonly settings: SockJsSettings;
  /** The endpoint to which the session belongs, even if another one is deployed there by now. */
  readonly endpoint: DeployedEndpoint;
  readonly pathParameters: ReadonlyMap<string, string>;
  /** Undefined until the handshake has begun to answer. */
  session: HttpSession | undefined;
  /** Requests with messages that are under way. */
  senders: number;
  /** Settles once the handshake knows its user; undefined if it was refused before. */
  readonly owner: Promise<Owner | undefined>;
}

/** The sessions over HTTP of one container, by the ID that their client chose. An ID is never anything but a key. */
export class SockJsSessions {
  readonly #open = new Map<string, SockJsEntry>();
  readonly #ended = new Map<string, SockJsEntry>();

  get(key: string): SockJsEntry | undefined {
    return this.#open.get(key) ?? this.#ended.get(key);
  }

  add(key: string, entry: SockJsEntry): void {
    this.#open.set(key, entry);
  }

  /** The session is over, and answers further requests for a while. */
  end(key: string, entry: SockJsEntry): void {
    if (this.#open.get(key) !== entry) return;
    this.#open.delete(key);
    this.#ended.set(key, entry);
    if (this.#ended.size <= MAX_ENDED) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      break;
    }
  }

  /** The ID is free again. */
  forget(key: string, entry: SockJsEntry): void {
    if (this.#open.get(key) === entry) this.#open.delete(key);
    if (this.#ended.get(key) === entry) this.#ended.delete(key);
  }
}
