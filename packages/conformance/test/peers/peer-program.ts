import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { PeerKind } from './describe-with-peer';
import { PeerProcess, type PeerEnd } from './peer-process';

const FOLDER = join(__dirname, 'programs');

/** The requirements of a program. */
interface Needs {
  readonly runtimes: readonly string[];
  /** Whether a runtime can run it. */
  readonly fits: (runtime: string) => boolean;
  readonly missing: string;
}

/**
 * A program of the folder `programs`, which speaks WebSocket by a library of another language. A comment at the top
 * of the program describes its input and its output.
 */
export class PeerProgram implements PeerKind {
  #runtime: string | undefined;

  constructor(
    private readonly file: string,
    private readonly needs: Needs,
  ) {}

  /** Why it cannot be run here; undefined where it can. */
  missing(): string | undefined {
    this.#runtime ??= this.needs.runtimes.find(this.needs.fits);
    return this.#runtime === undefined ? this.needs.missing : undefined;
  }

  /** Runs it to its end. @param input what it reads from stdin */
  run(args: readonly string[], input = ''): Promise<PeerEnd> {
    return PeerProcess.run(this.#command(args), input);
  }

  /** Starts it as a server, which prints its port. @throws Error with its output, when it does not start */
  async serve(args: readonly string[]): Promise<{ readonly port: number; stop(): Promise<void> }> {
    const process = await PeerProcess.start({ ...this.#command(args), ready: /^listening on (\d+)$/m });
    return { port: Number(process.readyMatch[1]), stop: () => process.stop() };
  }

  #command(args: readonly string[]): { program: string; args: readonly string[]; cwd: string } {
    const missing = this.missing();
    if (this.#runtime === undefined) throw new Error(`${this.file} cannot be run: ${missing}`);
    return { program: this.#runtime, args: [this.file, ...args], cwd: FOLDER };
  }
}

function pythonWith(module: string): Needs {
  return {
    // The first on the path, or the system's own, to which Debian's packages belong.
    runtimes: ['python3', '/usr/bin/python3'],
    fits: (python) => spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0,
    missing: `there is no python3 with the module ${module} (Debian: python3-${module})`,
  };
}

/** A client and a server of the library `websockets` of Python. */
export const PYTHON_WEBSOCKETS = new PeerProgram('websockets_peer.py', pythonWith('websockets'));

/** A client of the library `autobahn` of Python. */
export const PYTHON_AUTOBAHN = new PeerProgram('autobahn_peer.py', pythonWith('autobahn'));

/** A client of the package java.net.http, which knows no compression. */
export const JDK_CLIENT = new PeerProgram('JdkEchoClient.java', {
  runtimes: ['java'],
  // A runtime alone has no compiler, and cannot run a source file.
  fits: (java) => {
    const { status, stdout } = spawnSync(java, ['--list-modules'], { encoding: 'utf8' });
    return status === 0 && /^jdk\.compiler@/m.test(stdout) && /^java\.net\.http@/m.test(stdout);
  },
  missing: 'there is no Java Development Kit (Debian: default-jdk-headless)',
});
