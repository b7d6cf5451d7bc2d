import { CloseReason, HandshakeRejection, IllegalArgumentException, IllegalStateException } from '@serval/api';
import type { AnySession, HandshakeRequest, Principal } from '@serval/api';
import { describeValue } from '@serval/api/spi';
import { Deadlines, type DueEntry, type WsSession } from '@serval/container';
import { type HttpSessions, type HttpSession } from './http-sessions';
import type { InstanceLease } from './instance-factory';
import { refusedBy } from './refusal-rule';

const SECOND_MS = 1000;
/** An expiry further away is looked at again then. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * SECOND_MS;

const EXPIRED = new CloseReason(1008, 'The credentials of this connection have expired.');
/** As Tomcat says it. */
const LOGGED_OUT = new CloseReason(
  1008,
  'This connection was established under an authenticated HTTP session that has ended.',
);

/** The sessions with a user: each ends with the user's credentials, and with the HTTP session of its handshake. */
export class SessionUsers {
  readonly #deadlines = new Deadlines<UserStay>((stay) => stay.look());
  readonly #bySession = new WeakMap<AnySession, UserStay>();

  constructor(private readonly httpSessions: HttpSessions) {}

  /**
   * Begins the stay of a user, from before the handshake is answered.
   *
   * @throws HandshakeRejection when the user's credentials have expired
   */
  admit(principal: Principal, request: HandshakeRequest): UserStay {
    const httpSession = this.httpSessions.of(request);
    const stay = new UserStay(principal, this.#deadlines, (session) => this.#bySession.set(session, stay));
    stay.requireCurrent();
    if (httpSession !== undefined) stay.watch(this.httpSessions, httpSession);
    return stay;
  }

  /**
   * Replaces the user of an open session by the same one with newer credentials.
   *
   * @throws IllegalArgumentException when it is another user, or no user
   * @throws IllegalStateException when the session has no user here, or is closed
   */
  renew(session: AnySession, principal: Principal): void {
    if (typeof principal !== 'object' || principal === null || typeof principal.getName !== 'function')
      throw new IllegalArgumentException(`renewUser takes a user with getName(); found ${describeValue(principal)}.`);
    const stay = this.#bySession.get(session);
    if (stay === undefined || !session.isOpen())
      throw new IllegalStateException('renewUser takes an open session of this container that has a user.');
    stay.renew(principal);
  }
}

/** One session with a user. */
export class UserStay {
  #session: WsSession | undefined;
  #expiry: DueEntry<UserStay> | undefined;
  #httpSessions: HttpSessions | undefined;
  #httpSession: HttpSession | undefined;
  #isLoggedOut = false;
  #lease: InstanceLease | undefined;

  constructor(
    private principal: Principal,
    private readonly deadlines: Deadlines<UserStay>,
    private readonly onBegin: (session: WsSession) => void,
  ) {}

  watch(httpSessions: HttpSessions, httpSession: HttpSession): void {
    this.#httpSessions = httpSessions;
    this.#httpSession = httpSession;
    httpSessions.add(httpSession, this);
  }

  /** @throws HandshakeRejection when the credentials or the HTTP session ended during the handshake */
  requireCurrent(): void {
    if (this.#isLoggedOut || isExpired(this.principal))
      throw refusedBy('security', new HandshakeRejection(401), 'The credentials, or the HTTP session, have ended.');
  }

  /** The stay as a lease of the session, which ends the lease of its endpoint instance too. */
  with(lease: InstanceLease | undefined): this {
    this.#lease = lease;
    return this;
  }

  /** The session opens. */
  begin(session: WsSession): void {
    this.#session = session;
    this.onBegin(session);
    this.#arm();
  }

  renew(principal: Principal): void {
    const [old, found] = [this.principal.getName(), principal.getName()];
    if (found !== old)
      throw new IllegalArgumentException(
        `renewUser takes the same user as before, ${describeValue(old)}; found ${describeValue(found)}.`,
      );
    this.principal = principal;
    this.#session?.renewUser(principal);
    this.#arm();
  }

  /** Closes the session if the user's right has expired, or looks again when it does. */
  look(): void {
    if (isExpired(this.principal)) void this.#session?.close(EXPIRED);
    else this.#arm();
  }

  #arm(): void {
    this.deadlines.remove(this.#expiry);
    const { expiresAt = Infinity } = this.principal;
    const leftMs = Math.max(1, expiresAt - Date.now());
    // Whole seconds, because the deadlines of one length share a line.
    const waitMs = Math.min(Math.ceil(leftMs / SECOND_MS) * SECOND_MS, LONGEST_WAIT_MS);
    this.#expiry = expiresAt === Infinity ? undefined : this.deadlines.add(this, waitMs);
  }

  /** The HTTP session has ended. */
  loggedOut(): void {
    this.#isLoggedOut = true;
    void this.#session?.close(LOGGED_OUT);
  }

  /** The session has closed, or did not open. */
  async end(): Promise<readonly Error[]> {
    this.deadlines.remove(this.#expiry);
    this.#expiry = undefined;
    if (this.#httpSession !== undefined) this.#httpSessions?.remove(this.#httpSession, this);
    return (await this.#lease?.end()) ?? [];
  }
}

function isExpired({ expiresAt }: Principal): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}
