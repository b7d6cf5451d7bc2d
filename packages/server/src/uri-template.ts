import { DeploymentException } from '@serval/api';
import { describeValue } from '@serval/api/spi';

/** One segment of a path: text that must be equal, or a variable that matches any text except the empty one. */
export type TemplateSegment =
  { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'variable'; readonly name: string };

// The name of a level-1 variable, by RFC 6570 2.3.
const VARIABLE_NAME = /^[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*$/;

/**
 * An endpoint's path: a URI, or a URI template of level 1 whose variables fill whole segments. `{room}` and `<room>` mean
 * the same. Case and a trailing slash count.
 *
 * @see WSC-3.1.1, WSC-4.1.1, RFC 6570
 */
export class UriTemplate {
  private constructor(
    /** As declared, with `<room>` written `{room}`. */
    readonly path: string,
    readonly segments: readonly TemplateSegment[],
  ) {}

  /**
   * @param endpoint the class's name, for messages
   * @throws DeploymentException when the path cannot be deployed
   */
  static parse(path: unknown, endpoint: string): UriTemplate {
    if (typeof path !== 'string' || path === '') {
      throw badPath(endpoint, path, 'the path is missing; write one with a leading slash, such as "/chat/{room}"');
    }
    if (!path.startsWith('/')) throw badPath(endpoint, path, 'it must begin with a slash');
    const parts = path.slice(1).split('/');
    const segments = parts.map((part, index) => parseSegment(part, index === parts.length - 1, path, endpoint));
    const names = segments.flatMap((segment) => (segment.kind === 'variable' ? [segment.name] : []));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw badPath(endpoint, path, `it has the variable "${twice}" twice; rename one`);
    return new UriTemplate(path.replaceAll(/<([^/]*)>/g, '{$1}'), segments);
  }

  get variables(): readonly string[] {
    return this.segments.flatMap((segment) => (segment.kind === 'variable' ? [segment.name] : []));
  }
}

function parseSegment(part: string, isLast: boolean, path: string, endpoint: string): TemplateSegment {
  const inner = /^\{(.*)\}$/.exec(part) ?? /^<(.*)>$/.exec(part);
  if (inner !== null) {
    const name = inner[1] ?? '';
    if (VARIABLE_NAME.test(name)) return { kind: 'variable', name };
    throw badPath(
      endpoint,
      path,
      `"${part}" is not a level-1 variable; a name has letters, digits and underscores, without operators or modifiers`,
    );
  }
  const foreign = foreignVariable(part, path);
  if (foreign !== undefined) throw badPath(endpoint, path, foreign);
  if (part === '' && !isLast) throw badPath(endpoint, path, 'it has an empty segment ("//")');
  if (/[{}<>]/.test(part)) {
    throw badPath(endpoint, path, `the variable in "${part}" must fill the whole segment, from slash to slash`);
  }
  if (/[?#\s\\]/.test(part))
    throw badPath(endpoint, path, `"${part}" has a character that a path cannot contain (? # \\ or a space)`);
  const text = decodeText(part);
  if (text === undefined) throw badPath(endpoint, path, `"${part}" is not percent-encoded UTF-8`);
  if (text === '.' || text === '..')
    throw badPath(endpoint, path, `it has the segment "${part}", which request paths never contain`);
  return { kind: 'literal', text };
}

/** Finds a variable in another router's syntax, which would be a literal here. @returns the template to write instead */
function foreignVariable(part: string, path: string): string | undefined {
  if (nameIn(part) !== undefined)
    return `"${part}" is not a variable here; write "${translated(path)}", or ${escaped(part)} for the text itself`;
  if (!WILDCARD.test(part)) return undefined;
  return (
    `"${part}" is not a wildcard here; write "${translated(path)}", whose variable matches one segment, and deploy one path ` +
    `per depth, or write ${escaped(part)} for the text itself`
  );
}

const WILDCARD = /^\*+\w*$/;

/** The name of a variable in another router's syntax: `:room` or `[room]`. */
function nameIn(part: string): string | undefined {
  return /^:([A-Za-z_]\w*)/.exec(part)?.[1] ?? /^\[+(?:\.\.\.)?(\w+)\]+$/.exec(part)?.[1];
}

/** The path with all variables and wildcards of other routers as variables. */
function translated(path: string): string {
  const parts = path.split('/').map((part) => {
    const name = nameIn(part) ?? (WILDCARD.test(part) ? part.replaceAll('*', '') || 'rest' : undefined);
    return name === undefined ? part : `{${name}}`;
  });
  return parts.join('/');
}

function escaped(part: string): string {
  const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return `"${part.replace(/[:*[\]]/g, hex)}"`;
}

/** Undefined for text that no request can contain: invalid percent-encoding, or half of a surrogate pair. */
function decodeText(part: string): string | undefined {
  try {
    const text = decodeURIComponent(part);
    encodeURIComponent(text);
    return text;
  } catch {
    return undefined;
  }
}

function badPath(endpoint: string, path: unknown, why: string): DeploymentException {
  const shown = typeof path === 'string' ? JSON.stringify(path) : describeValue(path);
  return new DeploymentException(
    `${endpoint} cannot be deployed at ${shown}: ${why} (WSC-4.1.1).`,
    undefined,
    'WS_DEPLOY_BAD_PATH',
  );
}
