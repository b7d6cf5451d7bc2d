import { ContainerProvider, ClientContainer, type Class, type ClientEndpointConfig, type Session } from 'serval';
import type { TckContext } from '../context';
import { TckServer } from '../tck-server';
import { KIT_TESTS, type KitClass, type KitTestName } from './kit-tests';
import type { Recorder } from './recorder';
import { RecordingEndpoint, type RecordingClient } from './recording-endpoints';

/** The counterpart of one test of the kit. */
export interface KitTest {
  /** The behaviour that it proves: the title after the kit's name. */
  readonly claim: string;
  readonly run: (application: Application) => Promise<void>;
  /** It lasts for seconds, so that it is begun with the suite, beside the others. */
  readonly isLong?: boolean;
}

/** The application of a suite, as its clients reach it. */
export class Application {
  readonly #uri: string;

  constructor(server: TckServer, context: TckContext) {
    this.#uri = `ws://127.0.0.1:${server.port}${context.root}`;
  }

  /** @param path below the context root, such as `/echo` */
  connect(
    path: string,
    endpoint: RecordingClient | RecordingEndpoint | Class<RecordingClient>,
    config: ClientEndpointConfig | null = null,
  ): Promise<Session> {
    const container = ContainerProvider.getWebSocketContainer();
    const uri = this.#uri + path;
    return endpoint instanceof RecordingEndpoint
      ? container.connectToServer(endpoint, config, uri)
      : container.connectToServer(endpoint, uri);
  }

  /** With a container that gives the session of an @OnOpen that has failed, as the kit expects it. */
  connectAsJavaDoes(path: string, endpoint: RecordingClient): Promise<Session> {
    return new ClientContainer({ openFailure: 'resolve' }).connectToServer(endpoint, this.#uri + path);
  }

  /** A whole conversation, which the client ends when it has heard so much. Nothing else may come, and no error. */
  async converse(
    path: string,
    endpoint: RecordingClient | RecordingEndpoint,
    hears: readonly unknown[],
    config: ClientEndpointConfig | null = null,
  ): Promise<void> {
    const session = await this.connect(path, endpoint, config);
    await endpoint.heard.until(hears.length);
    await session.close();
    await hasHeard(endpoint.heard, hears);
  }

  /** A whole conversation, which the server ends. */
  async listen(path: string, endpoint: RecordingClient, hears: readonly unknown[]): Promise<void> {
    await this.connect(path, endpoint);
    await hasHeard(endpoint.heard, hears);
  }
}

async function hasHeard(heard: Recorder, messages: readonly unknown[]): Promise<void> {
  const reason = await heard.closed;
  expect(heard.errors).toEqual([]);
  expect(heard.messages).toEqual(messages);
  expect(reason.getCloseCode().getCode()).toBe(1000);
}

/** Declares the counterparts of all tests of a class of the kit, over the application that they need. */
export function kitSuite<C extends KitClass>(
  kitClass: C,
  context: TckContext,
  tests: Readonly<Record<KitTestName<C>, KitTest>>,
): void {
  const all = Object.entries<KitTest>(tests);

  describe(kitClass, () => {
    let server: TckServer;
    let application: Application;
    const begun = new Map<string, Promise<void>>();

    beforeAll(async () => {
      server = await TckServer.start({ contexts: [context], port: 0, host: '127.0.0.1' });
      application = new Application(server, context);
      for (const [name, { isLong, run }] of all) {
        if (!isLong) continue;
        const outcome = run(application);
        outcome.catch(() => undefined); // its test tells
        begun.set(name, outcome);
      }
    });
    afterAll(() => server.stop());

    test('all tests of the kit have a counterpart', () => {
      expect(all.map(([name]) => name).sort()).toEqual([...KIT_TESTS[kitClass]]);
    });

    for (const [name, { claim, run }] of all) test(`${name}: ${claim}`, () => begun.get(name) ?? run(application));
  });
}
