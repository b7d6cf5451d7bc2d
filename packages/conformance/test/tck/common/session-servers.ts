import { setTimeout as sleep } from 'node:timers/promises';
import { CloseReason, OnClose, OnError, OnMessage, OnOpen, ServerEndpoint, Session } from 'serval';
import { BinaryScriptedServer, say, ScriptedServer, type Script } from './scripted-server';

// Deployed by two applications: by ee.session as a list, by spec.servercontainer.addendpoint one after the other.

const OVER_64 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const QUERY = 'test1=value1&test2=value2&test3=value3';

const received = (message: string, session: Session): Promise<void> =>
  say(session, `TCKTestServer received String: ${message}`);
const tooBig = (): CloseReason => new CloseReason(CloseReason.CloseCodes.TOO_BIG, 'TCKCloseNowWithReason');

/** @returns the number behind `timeout=` in the query, or undefined */
function timeoutOf(session: Session): number | undefined {
  const query = session.getQueryString() ?? '';
  return query.startsWith('timeout=') ? Number(query.slice('timeout='.length)) : undefined;
}

@ServerEndpoint('/TCKTestServer')
export class WSTestServer extends BinaryScriptedServer {
  protected readonly title = 'TCKTestServer';
  protected readonly owner = 'Server';

  @OnClose
  onClose(session: Session): void {
    // It fails: the session is closing. In Java the exception is caught.
    void say(session, 'WSTestServer OnClose(Session)');
  }

  protected override readonly textScripts: Readonly<Record<string, Script<string>>> = {
    async isOpenTest(message, session) {
      await received(message, session);
      await say(session, `session from Server is still open=${session.isOpen() ? 'TRUE' : 'FALSE'}`);
    },
    async getId1Test(message, session) {
      await received(message, session);
      await say(session, `TCKTestServer responds: default getId=${session.getId()}`);
    },
    close1Test: (_message, session) => session.close(),
    close2Test: (_message, session) => session.close(tooBig()),
    async setTimeout1Test(message, session) {
      await received(message, session);
      await say(session, `TCKTestServer default timeout: ${session.getMaxIdleTimeout()}`);
      const timeout = timeoutOf(session);
      if (timeout === undefined) return;
      await sleep(timeout * 8000, undefined, { ref: false });
      await say(session, `TCKTestServer second message after sleep ${timeout * 8} second`);
    },
    async setTimeout2Test(message, session) {
      await received(message, session);
      await say(session, `TCKTestServer default timeout: ${session.getMaxIdleTimeout()}`);
      const timeout = timeoutOf(session);
      if (timeout === undefined) return;
      session.setMaxIdleTimeout(timeout * 4000);
      await say(session, `TCKTestServer set timeout to ${timeout * 4} second`);
      await say(session, `TCKTestServer getTimeout return ${session.getMaxIdleTimeout()} milliseconds`);
      await sleep(timeout * 6000, undefined, { ref: false });
      await say(session, `TCKTestServer second message after sleep ${timeout * 6} second`);
    },
    async getQueryStringTest(message, session) {
      await received(message, session);
      const query = String(session.getQueryString());
      if (query === QUERY) {
        await say(session, `TCKTestServer: expected Query String returned${query}`);
      } else {
        await say(session, `TCKTestServer: unexpected Query String returned${query}`);
        await say(session, `TCKTestServer: expecting ${QUERY}`);
      }
    },
    async getRequestURITest(message, session) {
      await received(message, session);
      const uri = session.getRequestURI();
      await say(session, `TCKTestServer: getRequestURI returned=${uri.href}`);
      await say(session, `TCKTestServer: getRequestURI returned queryString=${uri.search.slice(1)}`);
      await say(session, `TCKTestServer: getRequestURI returned scheme=${uri.protocol.slice(0, -1)}`);
    },
    async getProtocolVersionTest(message, session) {
      await received(message, session);
      await say(session, `TCKTestServer: getProtocolVersion returned=${session.getProtocolVersion()}`);
    },
    async setMaxTextMessageBufferSize2Test(_message, session) {
      await say(session, 'TCKTestServer received String Message: ');
      await session.getBasicRemote().sendText(`String Message over size 64=${OVER_64}`);
      await say(session, 'TCKTestServer responded');
    },
    async getOpenSessionsTest(message, session) {
      await say(session, 'TCKTestServer received String Message: ');
      await session.getBasicRemote().sendText(message);
      await say(session, `getOpenSessions=${session.getOpenSessions().size}`);
      await say(session, 'TCKTestServer responded');
    },
  };

  protected override readonly binaryScripts: Readonly<Record<string, Script<Buffer>>> = {
    async setMaxBinaryMessageBufferSizeTest2(message, session) {
      const remote = session.getBasicRemote();
      await remote.sendBinary(Buffer.from('========TCKTestServer received ByteBuffer: '));
      await remote.sendBinary(message);
      await remote.sendBinary(Buffer.from('========TCKTestServer responds:'));
      await remote.sendBinary(Buffer.from(`Binary Message over size 64=${OVER_64}`));
    },
  };
}

/** Closes on request. */
abstract class CloseTestServer extends ScriptedServer {
  protected get owner(): string {
    return this.title;
  }

  protected override readonly textScripts: Readonly<Record<string, Script<string>>> = {
    close1Test: (message, session) => this.#close(message, session),
    close2Test: (message, session) => this.#close(message, session, tooBig()),
    close3Test: (message, session) => this.#close(message, session, tooBig()),
  };

  async #close(message: string, session: Session, reason?: CloseReason): Promise<void> {
    await say(session, `${this.title} received String: ${message}`);
    await session.close(reason);
  }
}

@ServerEndpoint('/WSCloseTestServer')
export class WSCloseTestServer extends CloseTestServer {
  protected readonly title = 'WSCloseTestServer';

  @OnClose
  onClose(): void {}
}

@ServerEndpoint('/WSCloseTestServer1')
export class WSCloseTestServer1 extends CloseTestServer {
  protected readonly title = 'WSCloseTestServer1';

  @OnClose
  onClose3(): void {}
}

@ServerEndpoint('/WSCloseTestServer2')
export class WSCloseTestServer2 extends CloseTestServer {
  protected readonly title = 'WSCloseTestServer2';

  @OnClose
  onClose3(session: Session): void {
    void say(session, 'WSCloseTestServer2 OnClose(Session, CloseReason)');
  }
}

@ServerEndpoint('/TCKTestServerString')
export class WSTestServerString {
  @OnOpen
  async init(session: Session): Promise<void> {
    await say(session, 'TCKTestServerString opened');
  }

  @OnMessage
  async respond(message: string, session: Session): Promise<void> {
    await say(session, `TCKTestServerString received String: ${message}`);
    await say(session, 'TCKTestServerString responds');
  }

  @OnError
  async onError(session: Session, _thrown: Error): Promise<void> {
    await say(session, 'TCKTestServerString onError');
  }
}

@ServerEndpoint('/TCKTestServerByte')
export class WSTestServerByte {
  @OnOpen
  async init(session: Session): Promise<void> {
    await session.getBasicRemote().sendBinary(Buffer.from('========TCKTestServerByte opened'));
  }

  @OnMessage
  respond(message: Buffer): Buffer {
    const [before, after] = ['received ByteBuffer: ', 'responds: Message in bytes'].map((words) =>
      Buffer.from(`========TCKTestServerByte ${words}`),
    );
    return Buffer.concat([before, message, after].filter((part) => part !== undefined));
  }

  @OnError
  async onError(session: Session, _thrown: Error): Promise<void> {
    await say(session, 'TCKTestServerByte onError');
  }
}

@ServerEndpoint('/TCKTestServerPathParam/{param1}/{param2}')
export class WSTestServerPathParam {
  @OnOpen
  async init(session: Session): Promise<void> {
    await say(session, 'WSTestServerPathParam opened');
  }

  @OnMessage
  async respond(message: string, session: Session): Promise<void> {
    await say(session, `WSTestServerPathParam received String: ${message}`);
    const parameters = [...session.getPathParameters()].map(([name, value]) => `;${name}=${value}`);
    await say(session, `WSTestServerPathParam: pathparams returned${parameters.join('')}`);
  }

  @OnError
  async onError(session: Session, _thrown: Error): Promise<void> {
    await say(session, 'WSTestServerPathParam onError');
  }
}
