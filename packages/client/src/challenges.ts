/** One of the ways to authenticate that a server, or a proxy, offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case, each as it came first; values without quotes and backslashes. */
  readonly parameters: ReadonlyMap<string, string>;
}

// RFC 9110 5.6.2, 11.2; sticky, so that nothing is read twice.
const TOKEN = /[\w!#$%&'*+.^`|~-]+/y;
const TOKEN_68 = /[\w.~+/-]+=*(?=[ \t]*(?:,|$))/y;
const SPACES = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const END = /[ \t]*(?=,|$)/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;

/**
 * The challenges in all values of a WWW-Authenticate or Proxy-Authenticate header, in their order.
 *
 * A value may hold several, and commas stand between challenges and between the parameters of one. What breaks the
 * grammar ends its value, and the challenge in which it stands is left out.
 *
 * @see RFC 9110 11.3, 11.6.1
 */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(parseValue);
}

function parseValue(value: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(value);
    if (found !== null) position = pattern.lastIndex;
    return found;
  };
  let parameters: Map<string, string> | undefined;
  for (;;) {
    read(SEPARATORS);
    if (position === value.length) return challenges;
    const [name] = read(TOKEN) ?? [];
    if (name === undefined) break;
    if (parameters !== undefined && read(EQUALS) !== null) {
      const content = read(QUOTED)?.[1]?.replace(/\\(.)/gs, '$1') ?? read(TOKEN)?.[0];
      if (content === undefined || read(END) === null) break;
      const key = name.toLowerCase();
      if (!parameters.has(key)) parameters.set(key, content);
      continue;
    }
    parameters = new Map();
    challenges.push({ scheme: name.toLowerCase(), parameters });
    // What Negotiate and its like say; no parameters follow it.
    if (read(SPACES)?.[0] !== '') read(TOKEN_68);
  }
  challenges.pop();
  return challenges;
}

/** A quoted-string (RFC 9110 5.6.4). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
