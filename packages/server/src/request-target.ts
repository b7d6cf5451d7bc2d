/** A parsed request target. Routing and all later steps use the same path. */
export interface RequestTarget {
  /** Percent-decoded after splitting, without dot segments; `/` is one empty segment. */
  readonly segments: readonly string[];
  /** As received, for the request URI. */
  readonly path: string;
  /** Without the question mark; `null` if there is none. */
  readonly query: string | null;
}

/** Only `.` and `..`, plain or percent-encoded in any mix, are dot segments (RFC 3986 6.2.2). */
const DOT = /^(?:\.|%2e)$/i;
const DOT_DOT = /^(?:\.|%2e){2}$/i;

/**
 * Parses the target of a request line, in origin or absolute form.
 *
 * @returns undefined if the target has neither form, its percent-encoding is invalid, or its path has a backslash
 */
export function parseRequestTarget(target: string): RequestTarget | undefined {
  const origin = /^(?:http|ws)s?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1] ?? target;
  const queryAt = origin.indexOf('?');
  const path = (queryAt < 0 ? origin : origin.slice(0, queryAt)) || '/';
  // A URI has no backslash. A URL object treats one as a slash, so it would show another path than the routed one.
  if (!path.startsWith('/') || path.includes('\\') || target.includes('#')) return undefined;
  const segments = decodeSegments(path.slice(1).split('/'));
  return segments && { segments, path, query: queryAt < 0 ? null : origin.slice(queryAt + 1) };
}

function decodeSegments(raw: readonly string[]): string[] | undefined {
  const segments: string[] = [];
  for (const [index, part] of raw.entries()) {
    const isLast = index === raw.length - 1;
    if (DOT_DOT.test(part)) segments.pop();
    if (DOT.test(part) || DOT_DOT.test(part)) {
      // A dot segment at the end leaves the directory: "/a/." is "/a/".
      if (isLast) segments.push('');
      continue;
    }
    try {
      segments.push(decodeURIComponent(part));
    } catch {
      return undefined;
    }
  }
  return segments;
}
