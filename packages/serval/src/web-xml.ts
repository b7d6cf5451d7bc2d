// `serval/web-xml`: the parts of a Java application's web.xml that concern its endpoints.
import { DeploymentException, IllegalArgumentException } from '@serval/api';
import { describeValue, loadLazily } from '@serval/api/spi';
import type { PathConstraint } from '@serval/server';

/** The options of a server container that a web.xml states. */
export interface WebXml {
  readonly securityConstraints: readonly PathConstraint[];
  /** The `context-param`s, under Tomcat's names. */
  readonly initParameters: Readonly<Record<string, string>>;
  /** From `login-config`; undefined where its method needs no challenge. */
  readonly authenticationChallenge: string | undefined;
}

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** The members of saxes that read. */
interface Saxes {
  SaxesParser: new () => {
    on(event: 'error', handler: (error: Error) => void): void;
    on(event: 'opentag' | 'closetag', handler: (tag: { readonly name: string }) => void): void;
    on(event: 'text' | 'cdata', handler: (text: string) => void): void;
    write(text: string): { close(): unknown };
  };
}

/**
 * Reads `security-constraint`, `security-role`, `deny-uncovered-http-methods`, `login-config` and `context-param` of a
 * deployment descriptor. A handshake counts as GET. The parser is saxes; it resolves no entity but those of XML itself.
 *
 * @param text the content of the file
 * @throws IllegalArgumentException when the argument is not text
 * @throws DeploymentException when saxes is not installed, the text is not well-formed, or a constraint is invalid
 *
 * @example
 * new Server({ ...readWebXml(readFileSync('web.xml', 'utf8')), endpoints: [Chat] });
 *
 * @see WSC-8, Servlet 13.8
 */
export function readWebXml(text: string): WebXml {
  if (typeof text !== 'string')
    throw new IllegalArgumentException(
      `readWebXml takes the content of the file as text, such as readFileSync('web.xml', 'utf8'); found ${describeValue(text)}.`,
    );
  const root = parse(text);
  if (root.name !== 'web-app') throw invalid(`its root is <${root.name}>; expected <web-app>`);
  const roles = elements(root, 'security-role').flatMap((role) => texts(role, 'role-name'));
  const denies = elements(root, 'deny-uncovered-http-methods').length > 0;
  return {
    securityConstraints: elements(root, 'security-constraint').flatMap((one) => constraintsOf(one, roles, denies)),
    initParameters: Object.fromEntries(
      elements(root, 'context-param').map((one) => [texts(one, 'param-name')[0], texts(one, 'param-value')[0] ?? '']),
    ) as Record<string, string>,
    authenticationChallenge: challengeOf(elements(root, 'login-config')[0]),
  };
}

function constraintsOf(constraint: Element, declared: readonly string[], deniesUncovered: boolean): PathConstraint[] {
  const auth = elements(constraint, 'auth-constraint')[0];
  const guarantee = elements(constraint, 'user-data-constraint').flatMap((one) => texts(one, 'transport-guarantee'))[0];
  // The container checks the value.
  const transport = guarantee === undefined ? {} : { transportGuarantee: guarantee as 'NONE' };
  const rolesAllowed = auth && texts(auth, 'role-name').flatMap((role) => (role === '*' ? declared : [role]));
  return elements(constraint, 'web-resource-collection').flatMap((collection): PathConstraint[] => {
    const paths = texts(collection, 'url-pattern').map((pattern) => pattern || '/');
    if (paths.length === 0) throw invalid('a web-resource-collection has no url-pattern');
    if (coversGet(collection)) return [{ paths, ...transport, ...(rolesAllowed !== undefined && { rolesAllowed }) }];
    return deniesUncovered ? [{ paths, rolesAllowed: [] }] : [];
  });
}

/** Servlet 13.8.1: without methods a collection covers all of them. */
function coversGet(collection: Element): boolean {
  const methods = texts(collection, 'http-method');
  const omitted = texts(collection, 'http-method-omission');
  if (methods.length > 0 && omitted.length > 0)
    throw invalid('a web-resource-collection has http-method and http-method-omission; keep one of them');
  return methods.length > 0 ? methods.includes('GET') : !omitted.includes('GET');
}

function challengeOf(login: Element | undefined): string | undefined {
  const method = login && texts(login, 'auth-method')[0];
  if (login === undefined || (method !== 'BASIC' && method !== 'DIGEST')) return undefined;
  // Tomcat's default.
  const realm = texts(login, 'realm-name')[0] ?? 'Authentication required';
  return `${method === 'BASIC' ? 'Basic' : 'Digest'} realm="${realm.replace(/[\\"]/g, '\\$&')}"`;
}

function elements({ children }: Element, name: string): Element[] {
  return children.filter((child) => child.name === name);
}

function texts(parent: Element, name: string): string[] {
  return elements(parent, name).map(({ text }) => text.trim());
}

function parse(text: string): Element {
  const { SaxesParser } = loadLazily('saxes', 'serval/web-xml', () => require('saxes') as Saxes);
  const document: Element = { name: '', children: [], text: '' };
  const open = [document];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw invalid(`it is not well-formed XML: ${error.message}`);
  });
  parser.on('opentag', (tag) => {
    // A prefix is a matter of taste: `<jakarta:web-app>`.
    const element: Element = { name: tag.name.replace(/^.*:/, ''), children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  const add = (part: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += part;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.write(text).close();
  return document.children[0] ?? document;
}

function invalid(problem: string): DeploymentException {
  return new DeploymentException(`The web.xml cannot be used: ${problem}.`, undefined, 'WS_DEPLOY_BAD_OPTION');
}
