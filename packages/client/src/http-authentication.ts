import { createHash, randomBytes } from 'node:crypto';
import { HandshakeException } from '@serval/api';
import { toError } from '@serval/container';
import { parseChallenges, quote, type Challenge } from './challenges';
import type { Credentials } from './credentials';
import type { ServerAnswer } from './http-exchange';

/** The server or proxy that requires credentials. */
export interface Asker {
  /** For messages. */
  readonly name: string;
  readonly challengeHeader: 'WWW-Authenticate' | 'Proxy-Authenticate';
}

/** The request that needs credentials. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'CONNECT';
  /** As in the request line. */
  readonly target: string;
}

/** Digest algorithms (RFC 7616 6.1) with their names in Node, strongest first. */
const HASHES = [
  ['SHA-512-256', 'sha512-256'],
  ['SHA-256', 'sha256'],
  ['MD5', 'md5'],
] as const;

/** The authentication of one request at one server or proxy. It answers a challenge once. */
export class Authentication {
  #sent: 'nothing' | 'unsolicited Basic' | 'an answer' = 'nothing';
  #wasStale = false;

  constructor(
    private readonly asker: Asker,
    private readonly credentials: Credentials,
  ) {}

  /**
   * The Authorization header of a request before any challenge, by Basic.
   *
   * @throws HandshakeException with WS_CONNECT_AUTHENTICATION when Basic cannot carry the user name
   */
  introduce(): string {
    this.#sent = 'unsolicited Basic';
    try {
      return basic(this.credentials);
    } catch (thrown) {
      throw new HandshakeException(
        `The credentials cannot be sent to ${this.asker.name}: ${toError(thrown).message}.`,
        thrown,
        'WS_CONNECT_AUTHENTICATION',
      );
    }
  }

  /**
   * The Authorization or Proxy-Authorization header of the next request.
   *
   * @param answer a 401, or a 407 of a proxy
   * @throws HandshakeException with WS_CONNECT_REALM when the challenges are for other realms than the credentials, or with
   *   WS_CONNECT_AUTHENTICATION when the client supports none of the challenges or the credentials were refused
   */
  authorize(answer: ServerAnswer, request: Request, makeCnonce = randomCnonce): string {
    const challenges = parseChallenges(answer.headers.get(this.asker.challengeHeader) ?? []);
    const understood = challenges.filter((challenge) => strengthOf(challenge) > 0);
    const challenge = strongest(understood.filter((one) => this.#isForRealm(one)));
    if (challenge === undefined) throw this.#notUnderstood(answer, challenges, understood);
    if (this.#sent === 'an answer' || (this.#sent === 'unsolicited Basic' && challenge.scheme === 'basic')) {
      // RFC 7616 3.3: only the nonce was too old. A second time in a row counts as a refusal.
      const isStale = challenge.scheme === 'digest' && challenge.parameters.get('stale')?.toLowerCase() === 'true';
      if (!isStale || this.#wasStale)
        throw this.#failed(answer, `did not accept the credentials (${show(challenge)}); check name and password`);
      this.#wasStale = true;
    }
    this.#sent = 'an answer';
    try {
      return challenge.scheme === 'basic'
        ? basic(this.credentials)
        : digest(challenge.parameters, this.credentials, request, makeCnonce());
    } catch (thrown) {
      throw this.#failed(answer, `requires ${show(challenge)}, but ${toError(thrown).message}`, thrown);
    }
  }

  #isForRealm({ parameters }: Challenge): boolean {
    const wanted = this.credentials.realm?.trim() ?? '';
    return wanted === '' || [wanted, bytesOf(wanted)].includes(parameters.get('realm')?.trim() ?? '');
  }

  #notUnderstood(
    answer: ServerAnswer,
    challenges: readonly Challenge[],
    understood: readonly Challenge[],
  ): HandshakeException {
    if (understood.length > 0) {
      const realms = understood.map(({ parameters }) => JSON.stringify(parameters.get('realm') ?? ''));
      return new HandshakeException(
        `${this.asker.name} answered ${answer.status} and requires credentials for the realm ${realms.join(', ')}; yours are for ${JSON.stringify(this.credentials.realm)}. Pass credentials for its realm, or leave realm out.`,
        undefined,
        'WS_CONNECT_REALM',
        answer,
      );
    }
    const found = challenges.map(show).join(', ');
    return this.#failed(
      answer,
      `requires credentials by ${found === '' ? `no ${this.asker.challengeHeader}` : found}; expected Basic, or Digest with qop=auth and ${HASHES.map(([name]) => name).join(', ')}`,
    );
  }

  #failed(answer: ServerAnswer, what: string, cause?: unknown): HandshakeException {
    return new HandshakeException(
      `${this.asker.name} answered ${answer.status} and ${what}.`,
      cause,
      'WS_CONNECT_AUTHENTICATION',
      answer,
    );
  }
}

/** The first of the strongest challenges. */
function strongest(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.reduce<Challenge | undefined>(
    (best, one) => (best !== undefined && strengthOf(best) >= strengthOf(one) ? best : one),
    undefined,
  );
}

/** 0 for a challenge that the client does not support. */
function strengthOf({ scheme, parameters }: Challenge): number {
  if (scheme === 'basic') return 1;
  if (scheme !== 'digest' || !parameters.has('nonce') || !parameters.has('realm')) return 0;
  const qops = parameters.get('qop')?.split(',') ?? [];
  if (!qops.some((qop) => qop.trim().toLowerCase() === 'auth')) return 0;
  const index = HASHES.findIndex(([name]) => name === algorithmOf(parameters).name);
  return index === -1 ? 0 : HASHES.length - index + 1;
}

function algorithmOf(parameters: ReadonlyMap<string, string>): { readonly name: string; readonly isSession: boolean } {
  const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
  const isSession = algorithm.endsWith('-SESS');
  return { name: isSession ? algorithm.slice(0, -'-SESS'.length) : algorithm, isSession };
}

/** Scheme and algorithm, for messages. */
function show({ scheme, parameters }: Challenge): string {
  const name = scheme.charAt(0).toUpperCase() + scheme.slice(1);
  return scheme === 'digest' ? `${name} with ${parameters.get('algorithm') ?? 'MD5'}` : name;
}

/** RFC 7617 2, 2.1: UTF-8, which most servers expect even without a charset parameter. */
function basic({ username, password }: Credentials): string {
  if (username.includes(':')) throw new TypeError('Basic does not allow a colon in the user name');
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** RFC 7616 3.4. The nonce is used once, so its count is always 1. */
function digest(
  challenge: ReadonlyMap<string, string>,
  { username, password }: Credentials,
  { method, target }: Request,
  cnonce: string,
): string {
  const { name, isSession } = algorithmOf(challenge);
  const hashName = HASHES.find(([known]) => known === name)?.[1] ?? 'md5';
  // Header strings hold one byte per character.
  const hash = (bytes: string): string => createHash(hashName).update(bytes, 'latin1').digest('hex');
  const realm = challenge.get('realm') ?? '';
  const nonce = challenge.get('nonce') ?? '';
  const count = '00000001';

  // RFC 7616 3.4.2: A1, with user name and password in UTF-8 (4.).
  const user = bytesOf(username);
  const secret = hash(`${user}:${realm}:${bytesOf(password)}`);
  const a1 = isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  // 3.4.3: A2.
  const a2 = hash(`${method}:${target}`);
  // 3.4.1.
  const response = hash([a1, nonce, count, cnonce, 'auth', a2].join(':'));

  const isExtended = user !== username && challenge.get('charset')?.toLowerCase() === 'utf-8';
  return `Digest ${[
    isExtended ? `username*=UTF-8''${percentEncode(username)}` : `username=${quote(user)}`,
    `realm=${quote(realm)}`,
    `uri=${quote(target)}`,
    `algorithm=${challenge.get('algorithm') ?? 'MD5'}`,
    `nonce=${quote(nonce)}`,
    `nc=${count}`,
    `cnonce=${quote(cnonce)}`,
    'qop=auth',
    `response=${quote(response)}`,
    ...(challenge.has('opaque') ? [`opaque=${quote(challenge.get('opaque') ?? '')}`] : []),
  ].join(', ')}`;
}

/** The UTF-8 bytes of a text, one per character, as a header holds them. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** RFC 8187 3.2.1: keeps attr-char and percent-encodes everything else. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function randomCnonce(): string {
  return randomBytes(16).toString('base64url');
}
