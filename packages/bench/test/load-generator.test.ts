import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { answersAreRight, formatCompressed, jsonMessages } from '../src/compressed-messages';
import { dialectOf } from '../src/dialect';
import { type Load, LoadGenerator } from '../src/load-generator';
import type { Workload } from '../src/rows';

const missing = [
  process.platform === 'linux' ? undefined : 'Linux',
  LoadGenerator.findCompiler() === undefined ? 'a C compiler' : undefined,
].find((reason) => reason !== undefined);
const suite = missing === undefined ? describe : describe.skip;

suite(`the load generator${missing === undefined ? '' : ` (skipped: it needs ${missing})`}`, () => {
  let folder: string;
  let generator: LoadGenerator;
  let server: WebSocketServer | undefined;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'serval-load-'));
    generator = LoadGenerator.compile(folder);
  });

  afterEach(() => {
    for (const client of server?.clients ?? []) client.terminate();
    server?.close();
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function serve(onMessage: (socket: WebSocket, text: string, data: Buffer, isBinary: boolean) => void) {
    const started = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
    server = started;
    started.on('connection', (socket) =>
      socket.on('message', (data: Buffer, isBinary) => onMessage(socket, data.toString(), data, isBinary)),
    );
    await new Promise((resolve) => started.once('listening', resolve));
    return (started.address() as AddressInfo).port;
  }

  function load(port: number, changes: Partial<Load> = {}): Load {
    const workload: Workload = { kind: 'echo', connections: 3, inFlight: 2, bytes: 64, format: 'text' };
    return {
      mode: 'echo',
      port,
      pid: process.pid,
      dialect: dialectOf('plain', workload),
      socketio: false,
      connections: 3,
      inFlight: 2,
      bytes: 64,
      binary: false,
      warmUpSeconds: 0.01,
      seconds: 0.05,
      compressed: undefined,
      ...changes,
    };
  }

  it('counts the messages that a server echoes, text and binary', async () => {
    const port = await serve((socket, _text, data, isBinary) => socket.send(data, { binary: isBinary }));
    for (const changes of [{}, { binary: true, bytes: 20_000 }]) {
      const report = await generator.run(load(port, changes));
      expect(report).toMatchObject({ errors: 0, firstError: '' });
      expect(report.messages).toBeGreaterThan(0);
    }
  });

  it('counts the deliveries of a broadcast', async () => {
    const port = await serve((_socket, text) => server?.clients.forEach((client) => client.send(text)));
    const report = await generator.run(load(port, { mode: 'broadcast' }));
    expect(report).toMatchObject({ errors: 0 });
    expect(report.messages).toBeGreaterThan(0);
  });

  it.each<[string, (text: string) => readonly string[]]>([
    ['changed', (text) => [`${text.slice(0, -1)}!`]],
    ['doubled', (text) => [text, text]],
    ['given to somebody else', (text) => [`00000009${text.slice(8)}`]],
  ])('fails when an answer is %s', async (_how, answers) => {
    const port = await serve((socket, text) => answers(text).forEach((answer) => socket.send(answer)));
    await expect(generator.run(load(port))).rejects.toThrow('the answer is not what was sent');
  });

  it('fails when the server closes', async () => {
    const port = await serve((socket) => socket.close());
    await expect(generator.run(load(port))).rejects.toThrow('the server has closed the connection');
  });

  it('sends compressed messages, and keeps the answers of one connection', async () => {
    const port = await serve((socket, text) => socket.send(text));
    const messages = jsonMessages(1024);
    const compressed = { messages: join(folder, 'messages'), answers: join(folder, 'answers') };
    writeFileSync(compressed.messages, formatCompressed(messages));
    await generator.run(load(port, { compressed }));
    expect(answersAreRight(readFileSync(compressed.answers), messages)).toBe(true);
  });

  it('keeps connections open while an action runs', async () => {
    const port = await serve((socket, text) => socket.send(text));
    await expect(generator.hold(load(port), () => Promise.resolve(server?.clients.size))).resolves.toBe(3);
  });

  it('uploads one large message', async () => {
    const port = await serve((socket, _text, data) => socket.send(String(data.length)));
    await generator.run(load(port, { mode: 'upload', connections: 1, bytes: 1_000_000 }));
  });
});
