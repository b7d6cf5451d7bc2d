import { createExtension, type Extension } from 'serval';

const PARAMETERS = [
  ['firstName', 'firstValue'],
  ['secondName', 'secondValue'],
] as const;

const first = createExtension('firstExtName', PARAMETERS);
const second = createExtension('secondExtName', PARAMETERS);
const third = createExtension('thirdExtName');

/** Those of the endpoint's configuration. */
export const CONFIGURED: readonly Extension[] = [first, second, third];
/** The extensions that the client requests in most tests. */
export const REQUESTED: readonly Extension[] = [first];
/** The extensions that it requests when the order matters. */
export const ORDERED: readonly Extension[] = [second, first];

/** The list as the TCK's own extension class prints it, which the client compares. */
export function formatExtensions(extensions: readonly Extension[]): string {
  return `{${extensions.map((extension) => `${formatExtension(extension)};`).join('')}}`;
}

/** Whether each of `wanted` is in `found`, wherever. */
export function contains(found: readonly Extension[], wanted: readonly Extension[]): boolean {
  const names = new Set(found.map(comparable));
  return wanted.every((extension) => names.has(comparable(extension)));
}

/** Whether all of `wanted` are in `found`, in their order. */
export function containsInOrder(found: readonly Extension[], wanted: readonly Extension[]): boolean {
  const rest = found.map(comparable);
  return wanted.every((extension) => {
    const at = rest.indexOf(comparable(extension));
    rest.splice(0, at + 1);
    return at >= 0;
  });
}

function comparable(extension: Extension): string {
  return formatExtension(extension).toLowerCase();
}

function formatExtension(extension: Extension): string {
  const parameters = extension
    .getParameters()
    .map((parameter) => `ExtensionParameterImpl(name="${parameter.getName()}", value="${parameter.getValue()}"),`)
    .sort();
  return `ExtensionImpl(name="${extension.getName()}", parameters=[${parameters.join('')}])`;
}
