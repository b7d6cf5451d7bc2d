/** One authentication scheme that a server or proxy offers. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case, with the first value of each; values without quotes and backslashes. */
  readonly parameters: ReadonlyMap<string, string>;
}

// RFC 9110 5.6.2, 11.2. Sticky, so that each character is read once.
const TOKEN = /[\w!#$%&'*+.^`|~-]+/y;
const TOKEN_68 = /[\w.~+/-]+=*(?=[ \t]*(?:,|$))/y;
const SPACES = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const END = /[ \t]*(?=,|$)/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;

/**
 * Parses the challenges in all values of a WWW-Authenticate or Proxy-Authenticate header, in order.
 *
 * A value may contain several challenges; commas separate both challenges and the parameters of one. A syntax error ends
 * the parsing of its value and drops the challenge that contains it.
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
    // A token68, as in Negotiate; no parameters follow it.
    if (read(SPACES)?.[0] !== '') read(TOKEN_68);
  }
  challenges.pop();
  return challenges;
}

/** A quoted-string (RFC 9110 5.6.4). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
