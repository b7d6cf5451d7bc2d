import { getEventListeners, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { DeploymentException, IllegalStateException, IOException, type CloseReason, type Session } from '@serval/api';
import { WebSocketServer, type WebSocket } from 'ws';
import { Random } from '../../protocol/test/random';
import { connect, ClientContainer, type WebSocketClient, type ReconnectAttempt } from '../src';
import { turns } from './reconnecting';
import { silent } from '../../testing/test/toolbox';

// Uses, loses and ends connections at random, and checks rules that must always hold.
//   TEST_SEED=1 FUZZ_CASES=10000 npm test -- packages/client/test/connection-model

const seed = Random.seed();
const cases = Number(process.env['FUZZ_CASES'] ?? 60);

test(`the rules for every connection hold for ${cases} random ones (TEST_SEED=${seed})`, async () => {
  const before = timeouts();
  for (let number = 0; number < cases; number += 1) {
    const life = new Life(new Random(seed + number));
    try {
      await life.run();
    } catch (error) {
      throw new Error(
        `TEST_SEED=${seed + number} FUZZ_CASES=1: ${String((error as Error).message)}\n${life.log.join('\n')}`,
        {
          cause: error,
        },
      );
    }
  }
  // The other timers fire soon; a leftover one would not in time.
  while (timeouts() > before) await turns(1);
}, 120_000);

/** Data that has not arrived by then does not arrive. Only a failing test waits this long. */
const PATIENCE_MS = 30_000;

interface ServedSession {
  readonly socket: WebSocket;
  readonly received: string[];
  readonly sent: string[];
  /** Whether the server ended it properly, after all its messages. */
  endsInOrder: boolean;
}

/** One connection from its first attempt to its end, with its server. */
class Life {
  readonly log: string[] = [];
  readonly #server: Server = createServer();
  readonly #upgrades = new WebSocketServer({ noServer: true });
  readonly #sockets = new Set<Socket>();
  readonly #served: ServedSession[] = [];
  readonly #container = new ClientContainer({
    logger: silent,
    sessionCloseTimeout: 30,
    handshakeTimeout: 40,
    ...(this.random.chance(20) ? { pingInterval: 20, pongTimeout: 60_000 } : {}),
  });
  readonly #controller = new AbortController();
  /** The calls that the handlers received. */
  readonly #told: string[] = [];
  readonly #outcomes = new Map<string, Error | undefined>();
  readonly #calls: string[] = [];
  #connection: WebSocketClient | undefined;
  #isEndedHere = false;
  #isLooping = false;
  #isStreaming = false;
  #ends = 0;
  #requests = 0;

  constructor(private readonly random: Random) {}

  async run(): Promise<void> {
    this.#serve();
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    try {
      const connecting = this.#connect();
      while (this.#connection === undefined && (await isPending(connecting))) {
        if (this.random.chance(5)) this.#act();
        await turns(1);
      }
      for (let step = this.random.below(100); step > 0; step -= 1) {
        if (this.random.chance(60)) this.#act();
        if (this.random.chance(40)) this.#serverActs();
        if (this.random.chance(50)) await turns(this.random.below(10));
      }
      const hasArrived = (): boolean => this.#connection?.state !== 'away';
      await this.#until('the client reconnects, or the connection ends', hasArrived);
      await this.#until('what has waited is sent', () => this.#outcomes.size === this.#calls.length || !hasArrived());
      this.#note('the end');
      void this.#connection?.close();
      await this.#checkEnd();
    } finally {
      for (const socket of this.#sockets) socket.destroy();
      this.#server.close();
      await this.#container.stop({ grace: 0 });
    }
  }

  // --- the server -----------------------------------------------------------------------------------------------------

  #serve(): void {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('end', () => socket.end());
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket: Socket, head) => {
      this.#requests += 1;
      const answer = this.random.chance(60) || this.#requests > 20 ? 'accept' : this.random.pick(ANSWERS);
      this.#note(`server: ${answer}`);
      if (answer === 'reset') socket.resetAndDestroy();
      else if (answer === 'silence') socket.resume();
      else if (answer !== 'accept') socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      else this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => this.#accepted(webSocket));
    });
  }

  #accepted(socket: WebSocket): void {
    const session: ServedSession = { socket, received: [], sent: [], endsInOrder: false };
    this.#served.push(session);
    socket.on('error', () => undefined);
    socket.on('message', (data) => session.received.push(String(data)));
    if (this.random.chance(30)) this.#serverActs();
  }

  #serverActs(): void {
    const session = this.#served.at(-1);
    if (session === undefined || session.socket.readyState !== session.socket.OPEN) return;
    const act = this.random.pick(['message', 'message', 'message', 'messages', 'ping', 'close', 'terminate'] as const);
    this.#note(`server: ${act}`);
    if (act === 'ping') session.socket.ping();
    else if (act === 'terminate') session.socket.terminate();
    else if (act === 'close') {
      session.endsInOrder = true;
      session.socket.close(this.random.pick([1000, 1001, 1011, 1012, 4000]));
    } else {
      for (let count = act === 'messages' ? 5 : 1; count > 0; count -= 1) {
        const message = `${this.#served.length}.${session.sent.length}`;
        session.sent.push(message);
        session.socket.send(message);
      }
    }
  }

  // --- the client -----------------------------------------------------------------------------------------------------

  async #connect(): Promise<void> {
    const { random } = this;
    const reconnect = random.chance(85) && {
      minUptime: random.pick([0, 60_000]),
      maxAttempts: random.pick([2, Infinity]),
      retryInitial: random.chance(60),
      whileAway: random.pick(['queue', 'queue', 'reject'] as const),
      maxQueuedMessages: random.pick([3, 1000]),
      delay: ({ defaultDelay }: ReconnectAttempt) => this.#delay(defaultDelay),
    };
    this.#isStreaming = random.chance(50);
    const uri = `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
    try {
      const connection = await connect(random.chance(20) ? () => Promise.resolve(uri) : uri, {
        container: this.#container,
        signal: this.#controller.signal,
        reconnect,
        onOpen: (_session: Session, { attempt }) => this.#handle(`open ${attempt}`),
        onClose: (reason: CloseReason) => this.#handle(`close ${reason.getCloseCode().getCode()}`),
        ...(this.#isStreaming ? {} : { onText: (text: string) => this.#handle(`text ${text}`) }),
      });
      this.#connection = connection;
      void connection.closed.then(() => (this.#ends += 1));
      if (this.#isStreaming) void this.#loop(connection);
    } catch (error) {
      const reason: unknown = error;
      if (!(reason instanceof DeploymentException) && reason !== this.#controller.signal.reason) throw error;
      this.#note(`connect: ${(reason as Error).message}`);
    }
  }

  #delay(defaultDelay: number | false): number | false | Promise<number | false> {
    if (defaultDelay === false) return false;
    const delay = this.random.pick([0, 0, 1, 5]);
    if (this.random.chance(10)) this.#act();
    return this.random.chance(50) ? delay : turns(this.random.below(5)).then(() => delay);
  }

  async #handle(what: string): Promise<void> {
    this.#note(what);
    this.#told.push(what);
    await this.#beSlow();
  }

  /** Slow at random, as a handler or the loop may be. */
  async #beSlow(): Promise<void> {
    if (this.random.chance(20)) this.#act();
    if (this.random.chance(30)) await turns(this.random.below(8));
    if (this.random.chance(30)) await this.#send()?.catch(() => undefined);
  }

  async #loop(connection: WebSocketClient): Promise<void> {
    this.#isLooping = true;
    const leaves = this.random.chance(20);
    for await (const message of connection) {
      this.#note(`loop ${String(message)}`);
      this.#told.push(`text ${String(message)}`);
      await this.#beSlow();
      if (leaves && this.random.chance(10)) {
        this.#isEndedHere = true;
        break;
      }
    }
    this.#isLooping = false;
  }

  #act(): void {
    if (this.random.chance(97)) {
      void this.#send();
      return;
    }
    const act = this.random.pick(['close', 'session', 'abort', 'stop'] as const);
    this.#note(`client: ${act}`);
    this.#isEndedHere = true;
    if (act === 'close') void this.#connection?.close(4001);
    else if (act === 'session') void this.#connection?.session?.close();
    else if (act === 'abort') this.#controller.abort();
    else void this.#container.stop({ grace: 10 });
  }

  #send(): Promise<void> | undefined {
    const message = String(this.#calls.length).padStart(4, '0');
    const sending = this.#connection?.send(message);
    if (sending === undefined) return undefined;
    this.#note(`send ${message} while ${String(this.#connection?.state)}`);
    this.#calls.push(message);
    const settled = (error?: Error): void => {
      if (this.#outcomes.has(message)) throw new Error(`${message} has settled twice`);
      this.#outcomes.set(message, error);
    };
    sending.then(() => settled(), settled);
    return sending;
  }

  // --- what must be true ----------------------------------------------------------------------------------------------

  async #checkEnd(): Promise<void> {
    const connection = this.#connection;
    if (connection !== undefined) {
      await this.#until('closed resolves', () => this.#ends === 1);
      await this.#until('the loop ends', () => !this.#isLooping);
      expect([connection.state, connection.session]).toEqual(['closed', undefined]);
      const late = await connection.send('late').catch((error: unknown) => error);
      expect(late).toBeInstanceOf(IOException);
    }
    await this.#until('every send settles', () => this.#outcomes.size === this.#calls.length);
    await this.#until('no connection is left', () => this.#sockets.size === 0);
    expect(getEventListeners(this.#controller.signal, 'abort')).toHaveLength(0);
    expect(this.#container.stopListeners.size).toBe(0);
    await this.#until('every session receives its end', () => this.#count('open') === this.#count('close'));
    this.#checkOrder();
  }

  #checkOrder(): void {
    // One session after the other.
    const lifecycle = this.#told.filter((what) => !what.startsWith('text'));
    lifecycle.forEach((what, index) => expect(what).toMatch(index % 2 === 0 ? /^open/ : /^close/));
    // In call order over all sessions, without duplicates.
    const received = this.#served.flatMap((session) => session.received);
    expect(received).toEqual([...new Set(received)].sort());
    for (const [message, error] of this.#outcomes) {
      if (error === undefined) continue;
      expect(received).not.toContain(message);
      if (!(error instanceof IOException)) expect(error).toBeInstanceOf(IllegalStateException);
    }
    this.#served.forEach((session, index) => {
      const told = this.#told.filter((what) => what.startsWith(`text ${index + 1}.`)).map((what) => what.slice(5));
      // Starting with the first, and all of them if nothing ended the session earlier.
      expect(session.sent.slice(0, told.length)).toEqual(told);
      const isLast = index === this.#served.length - 1;
      if (session.endsInOrder && !isLast && !this.#isEndedHere) expect(told).toEqual(session.sent);
    });
  }

  #count(what: string): number {
    return this.#told.filter((told) => told.startsWith(what)).length;
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    for (const since = performance.now(); !isTrue();) {
      if (performance.now() - since > PATIENCE_MS) throw new Error(`${what}: it does not`);
      await turns(1);
    }
  }

  #note(what: string): void {
    this.log.push(what);
  }
}

const ANSWERS = ['reset', 'silence', '503 Busy', '429 Slow', '404 Nothing'] as const;

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = {};
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}
