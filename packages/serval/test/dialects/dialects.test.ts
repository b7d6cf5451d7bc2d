import { DeploymentException, Server, type EndpointClass } from 'serval';
import { COMPILER_NAMES, load, type CompilerName } from './compilers';
import { Peer } from './peer';

const WITH_METADATA: CompilerName = 'TypeScript, legacy dialect with metadata';
const WITHOUT_METADATA = COMPILER_NAMES.filter((name) => name !== WITH_METADATA);

let server: Server | undefined;

async function serve(...endpoints: EndpointClass[]): Promise<number> {
  server = await new Server({ host: '127.0.0.1', endpoints }).start();
  return server.port;
}

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** One conversation with each endpoint, and what each side has heard of it. */
async function converse(compiler: CompilerName, fixture: string): Promise<Record<string, unknown>> {
  const { Dialect, Points, log } = load(compiler, fixture) as {
    Dialect: EndpointClass;
    Points: EndpointClass;
    log: string[];
  };
  const port = await serve(Dialect, Points);

  const peer = await Peer.connect(port, '/dialect/the%20garden');
  const dialect = [await peer.next()];
  const exchanges: (() => void)[] = [
    () => peer.send('hello'),
    () => peer.send(Buffer.of(1, 2, 3)),
    () => peer.pong('beat'),
    () => peer.send('fail'),
    () => peer.send('again'),
  ];
  for (const exchange of exchanges) {
    exchange();
    dialect.push(await peer.next());
  }
  await peer.close(4001, 'enough');

  const pointPeer = await Peer.connect(port, '/points');
  pointPeer.send('1,2');
  const points = [await pointPeer.next()];

  // Stopping waits for every @OnClose.
  await server?.stop();
  return { dialect, points, log };
}

const CONVERSATION = {
  dialect: [
    'open the garden true',
    '1 the garden: hello',
    '0x030201',
    'pong beat',
    'error: as asked',
    '2 the garden: again',
  ],
  points: ['(2,1)'],
  log: ['close the garden CloseReason[4001,enough] true'],
};

describe('an endpoint with lists of roles', () => {
  test.each(COMPILER_NAMES)('is the same by %s', async (compiler) => {
    expect(await converse(compiler, 'with-params.ts')).toEqual(CONVERSATION);
  });
});

describe('an endpoint without lists of roles', () => {
  test(`is the same by ${WITH_METADATA}`, async () => {
    expect(await converse(WITH_METADATA, 'by-metadata.ts')).toEqual(CONVERSATION);
  });

  test.each(COMPILER_NAMES)('accepts a single text and a single error parameter, by %s', async (compiler) => {
    const { SoleText } = load(compiler, 'without-params.ts');
    const peer = await Peer.connect(await serve(SoleText), '/sole');
    peer.send('hello');
    expect(await peer.next()).toBe('true hello');
    peer.send('fail');
    peer.send('hello');
    expect(await peer.next()).toBe('false hello');
  });

  test(`takes what it declares by ${WITH_METADATA}`, async () => {
    const { TwoParameters, OpenWithSession, CloseWithReason, ErrorWithSession } = load(
      WITH_METADATA,
      'without-params.ts',
    );
    const port = await serve(TwoParameters, OpenWithSession, CloseWithReason, ErrorWithSession);
    const peer = await Peer.connect(port, '/two');
    peer.send('hello');
    expect(await peer.next()).toBe('hello true');
  });

  describe.each(WITHOUT_METADATA)('by %s', (compiler) => {
    test.each([
      ['TwoParameters', 'TwoParameters.say: parameter 2', '@OnMessage({ params: [String, Session] })'],
      ['OpenWithSession', 'OpenWithSession.open: parameter 1', '@OnOpen({ params: [Session, EndpointConfig] })'],
      ['CloseWithReason', 'CloseWithReason.close: parameter 1', '@OnClose({ params: [Session, CloseReason] })'],
      ['ErrorWithSession', 'ErrorWithSession.fail: parameter 1', '@OnError({ params: [Session, Error] })'],
    ])('%s is not deployed', async (name, place, remedy) => {
      const endpoint = load(compiler, 'without-params.ts')[name] as EndpointClass;
      const deployed = new Server({ endpoints: [endpoint] }).start();
      await expect(deployed).rejects.toThrow(DeploymentException);
      await expect(deployed).rejects.toMatchObject({
        code: 'WS_DEPLOY_BAD_PARAMETER',
        message:
          `${place} has no role: its type is not known: standard decorators, or a compiler that emits no types. ` +
          `Name all roles, such as ${remedy}.`,
      });
    });
  });
});

test.each<CompilerName>([WITH_METADATA, 'esbuild, legacy dialect without metadata'])(
  '@PathParam on parameters works by %s',
  async (compiler) => {
    const { Table } = load(compiler, 'parameter-decorators.ts');
    const peer = await Peer.connect(await serve(Table), '/table/garden/41');
    peer.send('hello');
    expect(await peer.next()).toBe('garden 42: hello');
  },
);
