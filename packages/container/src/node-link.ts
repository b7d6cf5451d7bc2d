import { IOException, type SessionInfo } from '@serval/api';
import type { Bus, BusSubscriber, BusSubscription } from '@serval/api/spi';
import { DeployedEncoders, type DeployedPlan } from './deployed-encoders';
import type { DiagnosticEvent } from './diagnostic-event';
import { encodePlain, type Encoded, type Encoding } from './encoders';
import { EncodingOrder, type EncodingLimits } from './encoding-order';
import {
  formatCommand,
  formatInfos,
  parseCommand,
  parseInfos,
  type MessageForm,
  type NodeCommand,
} from './node-message';
import { isThenable, rejected, toError, tolerateNeglect } from './promises';
import type { Choice } from './selection-target';
import type { ContainerSettings } from './settings';

/** All selections of all nodes use one channel: a message reaches a session in the order of the calls, whatever its rooms. */
const CHANNEL = 'serval.sessions';

/** A container as its link uses it. */
export interface LinkHost {
  readonly bus: Bus;
  readonly settings: Pick<ContainerSettings, 'maxQueuedMessages' | 'blockingSendTimeout' | 'streamBufferSize'>;
  readonly diagnostics: { report(event: DiagnosticEvent): void };
  /** The endpoints whose sessions may be on other nodes. */
  deployed(): Iterable<DeployedPlan>;
  /** The sessions of this node. */
  readonly local: {
    /** Carries out a command of another node. */
    obey(command: NodeCommand): void;
    describe(choice: Choice): readonly SessionInfo[];
  };
}

/** Carries the calls on selections to the other nodes, and theirs to this one. */
export class NodeLink implements BusSubscriber {
  readonly #bus: Bus;
  readonly #subscription: BusSubscription;
  readonly #order = new EncodingOrder();
  readonly #encoders: DeployedEncoders;
  #isReady = false;

  constructor(private readonly host: LinkHost) {
    this.#bus = host.bus;
    this.#encoders = new DeployedEncoders(host.settings.streamBufferSize);
    this.#subscription = this.#bus.subscribe(CHANNEL, this);
    this.#isReady = this.#bus.isAlone;
    this.#subscription.ready.then(
      () => (this.#isReady = true),
      (error: unknown) => this.#failed(toError(error)),
    );
  }

  /** Whether messages of other nodes arrive. Until then a container opens no session. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves once messages of other nodes arrive; rejects if the engine refuses. */
  get ready(): Promise<void> {
    return this.#subscription.ready;
  }

  get isAlone(): boolean {
    return this.#bus.isAlone;
  }

  /** Ends the link, and destroys its encoders in the background. */
  close(): void {
    this.#subscription.close();
    void this.#encoders.destroy().then((errors) => errors.forEach((error) => this.#failed(error)));
  }

  // --- to the other nodes -------------------------------------------------------------------------------------------

  /**
   * Sends a message to the chosen sessions of other nodes, behind those of earlier calls.
   *
   * @param coalesce see `SendOptions.coalesce`
   * @param local the forms that sessions of this node had encoded, by the paths of their endpoints
   * @throws EncodeException when no endpoint takes the message, or an encoder's own error; it may be a rejection
   */
  send(
    choice: Choice,
    message: unknown,
    local: ReadonlyMap<string, Encoding>,
    coalesce?: string,
  ): Promise<void> | undefined {
    const forms = this.#encode(message, local);
    const isEncoded = forms.every((form): form is [string | undefined, Encoded] => !isThenable(form[1]));
    if (isEncoded && !this.#order.isHeld)
      return this.publish({ kind: 'send', choice, coalesce, forms: forms.map(formOf) });
    const { maxQueuedMessages, blockingSendTimeout } = this.host.settings;
    const limits: EncodingLimits = {
      maxQueuedMessages,
      blockingTimeoutMs: blockingSendTimeout < 0 ? Infinity : blockingSendTimeout,
    };
    const encoding = Promise.all(forms.map(async ([endpoint, form]) => formOf([endpoint, await form])));
    return tolerateNeglect(
      this.#order
        .inTurn(encoding, limits)
        .then((encoded) => this.publish({ kind: 'send', choice, coalesce, forms: encoded })),
    );
  }

  /** The message in a form for each endpoint that has an encoder for it, and in one for all others. */
  #encode(message: unknown, local: ReadonlyMap<string, Encoding>): readonly [string | undefined, Encoding][] {
    const forms = new Map<string | undefined, Encoding>(local);
    for (const endpoint of this.host.deployed()) {
      if (forms.has(endpoint.path)) continue;
      const form = this.#encoders.encode(endpoint, message);
      if (form !== undefined) forms.set(endpoint.path, form);
    }
    try {
      forms.set(undefined, encodePlain(message));
    } catch (error) {
      if (forms.size === 0) throw error;
    }
    return [...forms];
  }

  /** Publishes a command. The promise rejects with an IOException when it is lost. */
  publish(command: NodeCommand): Promise<void> | undefined {
    try {
      const publishing = this.#bus.publish(CHANNEL, formatCommand(command));
      return publishing && tolerateNeglect(publishing.catch((error: unknown) => this.#lost(error)));
    } catch (error) {
      // Not a bus that keeps its contract.
      return rejected(error);
    }
  }

  /** The chosen sessions of other nodes, as far as they answer in time. */
  async describe(choice: Choice, timeoutMs: number): Promise<readonly SessionInfo[]> {
    const question = formatCommand({ kind: 'describe', choice });
    const { answers, missing } = await this.#bus.request(CHANNEL, question, { timeoutMs });
    if (missing.length > 0) this.host.diagnostics.report({ kind: 'bus-unanswered', nodes: missing });
    return [...answers.values()].flatMap(parseInfos);
  }

  #lost(thrown: unknown): never {
    const cause = toError(thrown);
    this.#failed(cause);
    throw new IOException(`The call did not reach the sessions of other nodes: ${cause.message}`, { cause });
  }

  #failed(error: Error): void {
    this.host.diagnostics.report({ kind: 'bus-failed', error });
  }

  // --- from the other nodes -----------------------------------------------------------------------------------------

  onMessage(message: Uint8Array): void {
    try {
      this.host.local.obey(parseCommand(message));
    } catch (error) {
      this.#failed(toError(error));
    }
  }

  async onRequest(message: Uint8Array): Promise<Uint8Array> {
    const command = parseCommand(message);
    if (command.kind !== 'describe') throw new Error(`A request of kind ${command.kind} has no answer.`);
    return formatInfos(this.host.local.describe(command.choice));
  }

  onLoss(node: string, messages: number): void {
    this.host.diagnostics.report({ kind: 'bus-lost', node, messages });
  }
}

function formOf([endpoint, message]: readonly [string | undefined, Encoded | undefined]): MessageForm {
  return { endpoint, message };
}
