import { DeploymentException } from '@serval/api';
import type { UriTemplate } from './uri-template';

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/** The endpoint that a request path matches. */
export interface RouteMatch<T> {
  readonly target: T;
  /** The variables' values, by name. */
  readonly pathParameters: ReadonlyMap<string, string>;
}

interface Leaf<T> {
  readonly target: T;
  readonly template: UriTemplate;
  /** The class's name, for messages. */
  readonly endpoint: string;
}

class Node<T> {
  readonly literals = new Map<string, Node<T>>();
  variable: Node<T> | undefined;
  leaf: Leaf<T> | undefined;
}

/**
 * Finds the endpoint for a request path among the paths with the same number of segments. In each segment, from left to
 * right, an equal literal wins over a variable (WSC-3.1.1-3).
 */
export class EndpointRouter<T> {
  /** One trie per number of segments, since paths of another length never match. */
  readonly #byLength = new Map<number, Node<T>>();

  /** @throws DeploymentException when an equal or equivalent path is taken (WSC-3.1.1-2) */
  add(template: UriTemplate, endpoint: string, target: T): void {
    let node = this.#root(template.segments.length);
    for (const segment of template.segments) {
      if (segment.kind === 'variable') node = node.variable ??= new Node();
      else node = literalChild(node, segment.text);
    }
    if (node.leaf !== undefined) {
      const { endpoint: other, template: taken } = node.leaf;
      throw new DeploymentException(
        `${endpoint} cannot be deployed at ${template.path}: ${other} is already deployed at ${taken.path}. ` +
          'Use paths that differ in more than the names of variables (WSC-4.1.1-4).',
        undefined,
        'WS_DEPLOY_DUPLICATE_PATH',
      );
    }
    node.leaf = { target, template, endpoint };
  }

  /** @param segments the request path's segments, percent-decoded; the router compares them and never parses them */
  match(segments: readonly string[]): RouteMatch<T> | undefined {
    let node = this.#byLength.get(segments.length);
    for (const segment of segments) {
      // A variable does not match the empty text, as the specification's examples show.
      node = node?.literals.get(segment) ?? (segment === '' ? undefined : node?.variable);
      if (node === undefined) return undefined;
    }
    const leaf = node?.leaf;
    if (leaf === undefined) return undefined;
    if (leaf.template.variables.length === 0) return { target: leaf.target, pathParameters: NO_PARAMETERS };
    const pathParameters = new Map<string, string>();
    leaf.template.segments.forEach((segment, index) => {
      if (segment.kind === 'variable') pathParameters.set(segment.name, segments[index] ?? '');
    });
    return { target: leaf.target, pathParameters };
  }

  /** Takes a path out of service. */
  remove(template: UriTemplate): void {
    let node = this.#byLength.get(template.segments.length);
    for (const segment of template.segments) {
      node = segment.kind === 'variable' ? node?.variable : node?.literals.get(segment.text);
    }
    if (node !== undefined) node.leaf = undefined;
  }

  clear(): void {
    this.#byLength.clear();
  }

  #root(length: number): Node<T> {
    let root = this.#byLength.get(length);
    if (root === undefined) this.#byLength.set(length, (root = new Node()));
    return root;
  }
}

function literalChild<T>(node: Node<T>, text: string): Node<T> {
  let child = node.literals.get(text);
  if (child === undefined) node.literals.set(text, (child = new Node()));
  return child;
}
