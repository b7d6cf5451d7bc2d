import type * as NodeModule from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  DeploymentException,
  Endpoint,
  ServerApplicationConfig,
  type AbstractClass,
  type Class,
  type EndpointClass,
  type ServerEndpointConfig,
} from '@serval/api';
import { loadLazily, readClassRecord } from '@serval/api/spi';
import type * as Tinyglobby from 'tinyglobby';

/** The classes that a scan has found, each once. */
export interface ScanResult {
  readonly annotated: ReadonlySet<EndpointClass>;
  readonly programmatic: ReadonlySet<EndpointClass<Endpoint>>;
  readonly applicationConfigs: ReadonlySet<Class<ServerApplicationConfig>>;
}

/**
 * Loads the modules, CommonJS or ES, that the patterns match and looks through what they export.
 *
 * A subclass of an annotated class counts only with an annotation of its own (WSC-4.8).
 *
 * @throws DeploymentException when nothing matches, or a module cannot be loaded
 */
export async function scanEndpoints(patterns: readonly string[], directory: string): Promise<ScanResult> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at the start
  const { glob } = loadLazily('tinyglobby', 'scan', () => require('tinyglobby') as typeof Tinyglobby);
  const files = await glob([...patterns], { cwd: directory, absolute: true, ignore: ['**/node_modules/**'] });
  if (files.length === 0) {
    throw scanFailed(
      `scan: ${patterns.map((pattern) => JSON.stringify(pattern)).join(', ')} matches no file below ${directory}.`,
    );
  }
  const annotated = new Set<EndpointClass>();
  const programmatic = new Set<EndpointClass<Endpoint>>();
  const applicationConfigs = new Set<Class<ServerApplicationConfig>>();
  for (const file of files.sort()) {
    for (const exported of exportsOf(await load(file, directory))) {
      if (!isClass(exported)) continue;
      if (readClassRecord(exported)?.serverEndpoint !== undefined) annotated.add(exported as EndpointClass);
      else if (exported.prototype instanceof Endpoint) programmatic.add(exported as EndpointClass<Endpoint>);
      else if (exported.prototype instanceof ServerApplicationConfig) {
        applicationConfigs.add(exported as unknown as Class<ServerApplicationConfig>);
      }
    }
  }
  return { annotated, programmatic, applicationConfigs };
}

/**
 * What of a scan is deployed: all annotated classes; or, where there are application configs, the union of what they
 * choose, programmatic endpoints first.
 *
 * @see WSC-6.2
 */
export function chooseEndpoints(found: ScanResult): readonly (EndpointClass | ServerEndpointConfig)[] {
  if (found.applicationConfigs.size === 0) return [...found.annotated];
  const configs = new Set<ServerEndpointConfig>();
  const classes = new Set<EndpointClass>();
  for (const configClass of found.applicationConfigs) {
    try {
      const config = new configClass();
      // Java's null for an empty set is taken as well.
      for (const chosen of config.getEndpointConfigs(found.programmatic) ?? []) configs.add(chosen);
      for (const chosen of config.getAnnotatedEndpointClasses(found.annotated) ?? []) classes.add(chosen);
    } catch (cause) {
      throw scanFailed(`scan: ${configClass.name} could not choose the endpoints to deploy; see the cause.`, cause);
    }
  }
  return [...configs, ...classes];
}

async function load(file: string, directory: string): Promise<unknown> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a bundle without require starts without it
  const { createRequire } = loadLazily('node:module', 'scan', () => require('node:module') as typeof NodeModule);
  try {
    // require loads ES modules too, on every Node that is supported, unless they wait for something at top level.
    return createRequire(join(directory, 'scan.js'))(file) as unknown;
  } catch (error) {
    const needsImport = error instanceof Error && 'code' in error && error.code === 'ERR_REQUIRE_ASYNC_MODULE';
    try {
      if (needsImport) return (await import(pathToFileURL(file).href)) as unknown;
    } catch (cause) {
      throw scanFailed(`scan: ${file} could not be loaded; see the cause.`, cause);
    }
    throw scanFailed(`scan: ${file} could not be loaded; see the cause.`, error);
  }
}

function exportsOf(module: unknown): unknown[] {
  if (typeof module === 'function') return [module];
  return typeof module === 'object' && module !== null ? Object.values(module) : [];
}

function isClass(value: unknown): value is AbstractClass {
  return typeof value === 'function' && typeof value.prototype === 'object';
}

function scanFailed(message: string, cause?: unknown): DeploymentException {
  return new DeploymentException(message, cause);
}
