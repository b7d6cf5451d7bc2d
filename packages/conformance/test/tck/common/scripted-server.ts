import { OnError, OnMessage, OnOpen, Session } from 'serval';

/** The action of a script on the message that names it. */
export type Script<Message> = (message: Message, session: Session) => unknown;

const PREFIX = 'testName=';

/** Tells its peer that it has been opened, and of errors. */
export abstract class AnnouncingServer {
  /** Its name. */
  protected abstract readonly title: string;
  /** Its name in messages about its session. */
  protected abstract readonly owner: string;

  @OnOpen
  async init(session: Session): Promise<void> {
    await say(session, `${this.title} opened`);
    await say(session, `session from ${this.owner} is open=${inCapitals(session.isOpen())}`);
  }

  @OnError
  async onError(session: Session, _thrown: Error): Promise<void> {
    await say(session, `${this.title} onError`);
    await say(session, `onError: session from ${this.owner} is open=${inCapitals(session.isOpen())}`);
  }
}

/** Runs the script that a text `testName=…Test` names; acknowledges every other text. */
export abstract class ScriptedServer extends AnnouncingServer {
  protected readonly textScripts: Readonly<Record<string, Script<string>>> = {};

  @OnMessage
  async respondString(message: string, session: Session): Promise<void> {
    if (message.startsWith(PREFIX) && message.endsWith('Test')) {
      this.run(this.textScripts[message.slice(PREFIX.length)], message, session);
      return;
    }
    await say(session, `${this.title} received String:${message}`);
    await say(session, `${this.title} responds, please close your session`);
  }

  /** Scripts are not waited for: one may wait for the peer's next message, or for its session to end. */
  protected run<Message>(script: Script<Message> | undefined, message: Message, session: Session): void {
    // Ignores the exceptions of a script, such as for a session that ended while it slept, and unknown names.
    void Promise.resolve(script?.call(this, message, session)).catch(() => undefined);
  }
}

/** A scripted server that takes bytes as well. */
export abstract class BinaryScriptedServer extends ScriptedServer {
  protected readonly binaryScripts: Readonly<Record<string, Script<Buffer>>> = {};

  @OnMessage
  async respondByte(message: Buffer, session: Session): Promise<void> {
    const text = message.toString();
    if (text.startsWith(PREFIX)) {
      this.run(this.binaryScripts[text.slice(PREFIX.length)], message, session);
      return;
    }
    const remote = session.getBasicRemote();
    await remote.sendBinary(Buffer.from(`========${this.title} received ByteBuffer: `));
    await remote.sendBinary(message);
    await remote.sendBinary(Buffer.from(`========${this.title} responds: Message in bytes`));
  }
}

/** Everything that these servers say begins with a line. */
export function say(session: Session, text: string): Promise<void> {
  return session.getBasicRemote().sendText(`========${text}`);
}

function inCapitals(truth: boolean): 'TRUE' | 'FALSE' {
  return truth ? 'TRUE' : 'FALSE';
}
