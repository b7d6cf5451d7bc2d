import { describeValue } from './describe-value';
import { DeploymentException } from './errors';

/**
 * The error for an option of the wrong kind, or out of range.
 *
 * @param expected as it stands behind "is", such as "a number of milliseconds"
 * @param remedy a sentence, where there is more to say
 * @param describe says what was found; `describeKind` where that may be a secret
 */
export function badOption(
  name: string,
  expected: string,
  found: unknown,
  remedy = '',
  describe: (found: unknown) => string = describeValue,
): DeploymentException {
  return new DeploymentException(
    `${name} is ${expected}; found ${describe(found)}.${remedy === '' ? '' : ` ${remedy}`}`,
    undefined,
    'WS_DEPLOY_BAD_OPTION',
  );
}

/** Whether a value is an object with members of its own, and neither null nor a list. */
export function isOptionsObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws DeploymentException for what is no object of options */
export function requireOptions(name: string, options: unknown): void {
  if (!isOptionsObject(options))
    throw badOption(name, 'an object of options', options, 'Leave it out for the defaults.');
}
