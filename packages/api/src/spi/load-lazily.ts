import { DeploymentException } from '../errors';

/**
 * Loads a module when it is first needed. Modules that few programs need are not loaded at the start: a bundle that is an
 * ES module has no `require`, and starts without them.
 *
 * @param load requires it; the name is a literal there, so that bundlers see it
 * @param neededFor what it is needed for, such as `engine: 'ws'`
 * @throws DeploymentException when it cannot be loaded
 */
export function loadLazily<T>(name: string, neededFor: string, load: () => T): T {
  try {
    return load();
  } catch (cause) {
    throw new DeploymentException(
      `${neededFor} needs ${name}, which could not be loaded. Install it; in a bundle that is an ES module define require ` +
        'with createRequire(import.meta.url) in its banner, or keep serval out of the bundle.',
      cause,
    );
  }
}
