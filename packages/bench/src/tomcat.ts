import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BUILD, PEERS } from './folders';
import { Unavailable } from './unavailable';

/** The folders in which Debian's packages tomcat10 and libtomcat10-java put the jars of Tomcat 10.1. */
const JARS = '/usr/share/java';
const INSTALL = 'apt-get install --no-install-recommends libtomcat10-java default-jdk-headless';

/** A Tomcat, ready to start. */
export interface Tomcat {
  readonly version: string;
  readonly command: readonly string[];
}

/**
 * Compiles `peers/TomcatServer.java` against the installed Tomcat.
 * @throws Unavailable if Tomcat or a Java compiler is missing
 */
export function compileTomcat(): Tomcat {
  const jars = findJars();
  const catalina = jars.find((jar) => basename(jar) === 'tomcat10-catalina.jar');
  const hasCompiler = spawnSync('javac', ['-version'], { stdio: 'ignore' }).status === 0;
  if (catalina === undefined || !hasCompiler) throw new Unavailable(`Tomcat 10.1 or javac is missing; ${INSTALL}`);

  const classes = join(BUILD, 'tomcat');
  mkdirSync(classes, { recursive: true });
  const source = join(PEERS, 'TomcatServer.java');
  const { status, stderr } = spawnSync('javac', ['-nowarn', '-cp', jars.join(':'), '-d', classes, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Unavailable(`javac could not compile TomcatServer.java: ${stderr}`);
  return {
    // Debian names the file after the version and links the plain name to it.
    version: `${/-(\d[\d.]*\d)\.jar$/.exec(realpathSync(catalina))?.[1] ?? '10.1'} (${javaVersion()})`,
    command: ['java', '-cp', [classes, ...jars].join(':'), 'TomcatServer', join(BUILD, 'tomcat-work')],
  };
}

function findJars(): string[] {
  if (!existsSync(JARS)) return [];
  return readdirSync(JARS)
    .filter((name) => /^tomcat10-(?!embed-|i18n-)[a-z-]+\.jar$/.test(name))
    .map((name) => join(JARS, name));
}

function javaVersion(): string {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return `Java ${/version "([^"]+)"/.exec(stderr)?.[1] ?? 'of unknown version'}`;
}
