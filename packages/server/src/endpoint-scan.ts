import { readdirSync } from 'node:fs';
import type * as NodeModule from 'node:module';
import { join, resolve } from 'node:path';
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
import { badOption, loadLazily, readAnnotations, type OptionKind } from '@serval/api/spi';
import { isFunctionEndpoint } from './function-endpoint';
import type * as Tinyglobby from 'tinyglobby';

/** The endpoints that a scan found, each once. */
export interface ScanResult {
  /** The results of `endpoint(…)`. */
  readonly functions: ReadonlySet<ServerEndpointConfig>;
  readonly annotated: ReadonlySet<EndpointClass>;
  readonly programmatic: ReadonlySet<EndpointClass<Endpoint>>;
  readonly applicationConfigs: ReadonlySet<Class<ServerApplicationConfig>>;
}

/**
 * Loads the modules (CommonJS or ES) that match the patterns, and collects the endpoints among their exports.
 *
 * A subclass of an annotated class counts only with its own annotation (WSC-4.8).
 *
 * @throws DeploymentException when nothing matches, or a module cannot be loaded
 */
export async function scanEndpoints(patterns: readonly string[], directory: string): Promise<ScanResult> {
  const { glob } = loadLazily('tinyglobby', 'scan', () => require('tinyglobby') as typeof Tinyglobby);
  const files = await glob([...patterns], { cwd: directory, absolute: true, ignore: ['**/node_modules/**'] });
  if (files.length === 0) {
    const listed = patterns.map((pattern) => JSON.stringify(pattern)).join(', ');
    throw scanFailed(`scan: ${listed} matches no file below ${directory}.${whyNoFile(patterns, directory)}`);
  }
  const functions = new Set<ServerEndpointConfig>();
  const annotated = new Set<EndpointClass>();
  const programmatic = new Set<EndpointClass<Endpoint>>();
  const applicationConfigs = new Set<Class<ServerApplicationConfig>>();
  for (const file of files.sort()) {
    for (const exported of exportsOf(await load(file, directory))) {
      if (isFunctionEndpoint(exported)) functions.add(exported);
      if (!isClass(exported)) continue;
      if (readAnnotations(exported)?.serverEndpoint !== undefined) annotated.add(exported as EndpointClass);
      else if (exported.prototype instanceof Endpoint) programmatic.add(exported as EndpointClass<Endpoint>);
      else if (exported.prototype instanceof ServerApplicationConfig) {
        applicationConfigs.add(exported as unknown as Class<ServerApplicationConfig>);
      }
    }
  }
  return { functions, annotated, programmatic, applicationConfigs };
}

/**
 * The endpoints of a scan to deploy: all endpoints of functions and annotated classes; or, if there are application
 * configs, the union of their choices, programmatic endpoints first.
 *
 * @see WSC-6.2
 */
export function chooseEndpoints(found: ScanResult): readonly (EndpointClass | ServerEndpointConfig)[] {
  if (found.applicationConfigs.size === 0) return [...found.functions, ...found.annotated];
  const configs = new Set<ServerEndpointConfig>();
  const classes = new Set<EndpointClass>();
  for (const configClass of found.applicationConfigs) {
    try {
      const config = new configClass();
      // As in Java, null means an empty set.
      for (const chosen of config.getEndpointConfigs(found.programmatic) ?? []) configs.add(chosen);
      for (const chosen of config.getAnnotatedEndpointClasses(found.annotated) ?? []) classes.add(chosen);
    } catch (cause) {
      throw scanFailed(`scan: ${configClass.name} could not choose the endpoints to deploy; see the cause.`, cause);
    }
  }
  return [...configs, ...classes];
}

async function load(file: string, directory: string): Promise<unknown> {
  const { createRequire } = loadLazily('node:module', 'scan', () => require('node:module') as typeof NodeModule);
  try {
    // On every supported Node, require also loads ES modules, except those with a top-level await.
    return createRequire(join(directory, 'scan.js'))(file) as unknown;
  } catch (error) {
    const needsImport = error instanceof Error && 'code' in error && error.code === 'ERR_REQUIRE_ASYNC_MODULE';
    try {
      if (needsImport) return (await import(/* webpackIgnore: true */ pathToFileURL(file).href)) as unknown;
    } catch (cause) {
      throw loadFailed(file, cause);
    }
    throw loadFailed(file, error);
  }
}

/** Explains an empty result, because globbing skips folders that it cannot read. */
function whyNoFile(patterns: readonly string[], directory: string): string {
  for (const pattern of patterns) {
    const segments = pattern.split('/');
    const wild = segments.findIndex((segment) => /[*?[\](){}!+@]/.test(segment));
    const folder = resolve(
      directory,
      segments.slice(0, wild < 0 ? -1 : wild).join('/') || (pattern.startsWith('/') ? '/' : '.'),
    );
    try {
      readdirSync(folder);
    } catch (cause) {
      const code = codeOf(cause);
      if (code === 'ENOENT') return ` There is no folder ${folder}.`;
      if (code === 'ERR_ACCESS_DENIED')
        return ` Node may not read ${folder}; with --permission, also pass --allow-fs-read=${folder}.`;
      return ` The folder ${folder} cannot be read (${String(code)}).`;
    }
  }
  return '';
}

function loadFailed(file: string, cause: unknown): DeploymentException {
  return scanFailed(`scan: ${file} could not be loaded; ${remedyOf(file, cause)}`, cause);
}

/** V8 does not support decorators, and its error message does not name them. */
function remedyOf(file: string, cause: unknown): string {
  const isSyntaxError = typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'SyntaxError';
  if (/\.[cm]?tsx?$/.test(file) && (isSyntaxError || TYPESCRIPT_ERRORS.has(codeOf(cause)))) {
    return (
      'Node does not run decorators, nor all of TypeScript. Compile the file and scan the JavaScript, ' +
      'or start Node with a loader, such as node --import tsx.'
    );
  }
  if (isSyntaxError && 'message' in cause && cause.message === 'Invalid or unexpected token') {
    return (
      'it or a module that it imports seems to contain decorators that are not compiled, which Node does not run. ' +
      'Set a target below ESNext for tsc, one such as node20 for esbuild, and experimentalDecorators for Vite, rolldown and oxc.'
    );
  }
  return 'see the cause.';
}

const TYPESCRIPT_ERRORS: ReadonlySet<unknown> = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
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

/** Glob patterns of modules. */
export const PATTERNS: OptionKind<readonly string[]> = {
  expected: 'a glob pattern or a list of them',
  read: (patterns) => requirePatterns(patterns),
};

/** @throws DeploymentException when the value is neither a pattern nor a list of patterns */
export function requirePatterns(patterns: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(patterns) ? patterns : [patterns];
  if (list.length > 0 && list.every((pattern) => typeof pattern === 'string')) return list;
  const found = list.length === 0 ? patterns : list.find((pattern) => typeof pattern !== 'string');
  throw badOption('scan', PATTERNS.expected, found);
}
