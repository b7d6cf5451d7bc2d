import { DeploymentException } from '../errors';

/**
 * Loads a module on first use. Few programs need these modules, and a bundle that is an ES module has no `require` but
 * still starts without them.
 *
 * @param load calls `require` with a literal name, so that bundlers can find it
 * @param neededFor the feature that requires the module, such as `engine: 'ws'`
 * @throws DeploymentException when the module cannot be loaded
 */
export function loadLazily<T>(name: string, neededFor: string, load: () => T): T {
  try {
    return load();
  } catch (cause) {
    throw cannotLoad(name, neededFor, cause);
  }
}

/** The exception for a module that cannot be loaded. Its message names the remedy. */
export function cannotLoad(name: string, neededFor: string, cause: unknown): DeploymentException {
  const what = isMissing(cause)
    ? `which is not installed. Run "npm install ${name}".`
    : 'which could not be loaded. In a bundle that is an ES module define require ' +
      'with createRequire(import.meta.url) in its banner, or keep serval out of the bundle.';
  return new DeploymentException(`${neededFor} needs ${name}, ${what}`, cause);
}

function isMissing(cause: unknown): boolean {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
}
