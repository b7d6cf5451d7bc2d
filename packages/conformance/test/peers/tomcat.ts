import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PeerProcess } from './peer-process';

/** Tomcat's folder in Debian's package tomcat10-common. */
const HOME = '/usr/share/tomcat10';
/** The examples' folder in Debian's package tomcat10-examples. */
const EXAMPLES = '/usr/share/tomcat10-examples/examples';

/** The options of a Tomcat. */
export interface TomcatOptions {
  /** System properties of its Java virtual machine. */
  readonly systemProperties?: Readonly<Record<string, string>>;
  /** The one user of the echo endpoint at `/basic/websocket/echoAnnotation`, and `/digest/…`. Default: they are not there. */
  readonly user?: { readonly username: string; readonly password: string };
}

/**
 * Tomcat 10.1 with its examples under `/examples`, on its own port at 127.0.0.1. Debian's packages are `tomcat10`,
 * `tomcat10-examples` and a Java runtime.
 *
 * @example
 * const tomcat = await Tomcat.start();
 * const uri = `ws://127.0.0.1:${tomcat.port}/examples/websocket/chat`;
 * await tomcat.stop();
 */
export class Tomcat {
  private constructor(
    private readonly process: PeerProcess,
    /** Its folder, which is deleted when it stops. */
    readonly folder: string,
    readonly port: number,
  ) {}

  /** Why it cannot be started here; undefined where it can. */
  static missing(): string | undefined {
    const hasFiles = existsSync(join(HOME, 'bin/bootstrap.jar')) && existsSync(EXAMPLES);
    if (hasFiles && spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0) return undefined;
    return 'there is no Tomcat (Debian: tomcat10, tomcat10-examples, default-jre-headless)';
  }

  /** @throws Error with its log, when it does not start */
  static async start({ systemProperties = {}, user }: TomcatOptions = {}): Promise<Tomcat> {
    const { process, folder } = await PeerProcess.startInFolder('tomcat', async (folder) => {
      await makeBase(folder);
      if (user !== undefined) await protect(folder, user);
      return {
        program: 'java',
        args: [
          // It runs for seconds: what takes long to compile would not pay.
          '-XX:TieredStopAtLevel=1',
          ...Object.entries({
            'java.awt.headless': 'true',
            'java.io.tmpdir': join(folder, 'temp'),
            'catalina.home': HOME,
            'catalina.base': folder,
            ...systemProperties,
          }).map(([name, value]) => `-D${name}=${value}`),
          '-cp',
          [join(HOME, 'bin/bootstrap.jar'), join(HOME, 'bin/tomcat-juli.jar')].join(':'),
          'org.apache.catalina.startup.Bootstrap',
          'start',
        ],
        ready: /"http-nio-127\.0\.0\.1-auto-\d+-(\d+)"[^]*Server startup in/,
      };
    });
    return new Tomcat(process, folder, Number(process.readyMatch[1]));
  }

  /** The end of its log. */
  get log(): string {
    return this.process.output;
  }

  /** Settles when its process has ended. */
  stop(): Promise<void> {
    return this.process.stop();
  }
}

/** Makes a folder one for `catalina.base`. */
async function makeBase(folder: string): Promise<void> {
  for (const name of ['conf', 'logs', 'temp', 'work', 'webapps']) await mkdir(join(folder, name));
  await copyFile(join(HOME, 'etc/web.xml'), join(folder, 'conf/web.xml'));
  await writeFile(join(folder, 'conf/server.xml'), SERVER_XML);
  await writeFile(join(folder, 'conf/tomcat-users.xml'), NO_USERS);
}

const ECHO = 'WEB-INF/classes/websocket/echo';

/** Adds two web applications with an echo endpoint that only this user may open. */
async function protect(folder: string, { username, password }: { username: string; password: string }): Promise<void> {
  const users = `<tomcat-users><user username="${escape(username)}" password="${escape(password)}" roles="known"/></tomcat-users>`;
  await writeFile(join(folder, 'conf/tomcat-users.xml'), users);
  for (const scheme of ['basic', 'digest']) {
    const application = join(folder, 'webapps', scheme);
    await mkdir(join(application, ECHO), { recursive: true });
    await copyFile(join(EXAMPLES, ECHO, 'EchoAnnotation.class'), join(application, ECHO, 'EchoAnnotation.class'));
    await writeFile(join(application, 'WEB-INF/web.xml'), webXml(scheme.toUpperCase()));
  }
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** No port to shut it down by; a port for HTTP that the system chooses; Debian's examples have links to jars. */
const SERVER_XML = `<?xml version="1.0"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="0" address="127.0.0.1" protocol="HTTP/1.1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.MemoryRealm"/>
      <Host name="localhost" appBase="webapps" autoDeploy="false">
        <Context path="/examples" docBase="${EXAMPLES}">
          <Resources allowLinking="true"/>
        </Context>
      </Host>
    </Engine>
  </Service>
</Server>
`;

const NO_USERS = '<tomcat-users/>';

function webXml(scheme: string): string {
  return `<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="5.0">
  <security-constraint>
    <web-resource-collection>
      <web-resource-name>all</web-resource-name>
      <url-pattern>/*</url-pattern>
    </web-resource-collection>
    <auth-constraint><role-name>known</role-name></auth-constraint>
  </security-constraint>
  <login-config><auth-method>${scheme}</auth-method><realm-name>the examples</realm-name></login-config>
  <security-role><role-name>known</role-name></security-role>
</web-app>
`;
}
