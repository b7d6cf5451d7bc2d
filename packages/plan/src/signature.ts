/** How a parameter is written. */
export type ParameterForm = 'plain' | 'default' | 'rest';

// Strings, comments, and what a list of parameters is made of.
const TOKENS =
  /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*|\.\.\.|[()[\]{},=]|[^\s()[\]{},=.'"`/]+/g;

/**
 * The parameters of a method as its source has them: `length` stops at the first default value or rest parameter, and
 * compilers leave different types for both. For messages, and for what no type says.
 *
 * @returns undefined when the source is not the class's own, such as that of a decorator which has replaced the method
 */
export function readSignature(prototype: object, name: string | symbol): readonly ParameterForm[] | undefined {
  const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
  if (typeof method !== 'function' || typeof name === 'symbol') return undefined;
  const source = Function.prototype.toString.call(method);
  const head = /^(?:async\s*)?\*?\s*([\p{ID_Continue}$]+)\s*\(/u.exec(source);
  return head?.[1] === name ? formsIn(source.slice(head[0].length)) : undefined;
}

function formsIn(source: string): readonly ParameterForm[] | undefined {
  const forms: ParameterForm[] = [];
  let form: ParameterForm | undefined;
  let depth = 0;
  for (const [token] of source.matchAll(TOKENS)) {
    if (token.startsWith('/')) continue;
    if (depth === 0 && (token === ',' || token === ')')) {
      if (form !== undefined) forms.push(form);
      if (token === ')') return forms;
      form = undefined;
    } else if (depth > 0 || form !== undefined) {
      if (depth === 0 && token === '=' && form === 'plain') form = 'default';
    } else {
      form = token === '...' ? 'rest' : 'plain';
    }
    if ('([{'.includes(token)) depth += 1;
    else if (')]}'.includes(token)) depth -= 1;
  }
  return undefined;
}
