import {
  IllegalStateException,
  type CloseReason,
  type SendOptions,
  type SendResult,
  type Session,
  type SessionInfo,
  type SessionSelection,
  type SessionTarget,
} from '@serval/api';
import { closeReasonOf, showAs } from '@serval/api/spi';
import type { LocalForms, LocalSessions } from './local-sessions';
import type { NodeLink } from './node-link';
import type { NodeCommand } from './node-message';
import { rejected, tolerateNeglect } from './promises';
import { requireRoomNames } from './room-membership';
import { coalesceKey, wrongArgument } from './send-arguments';
import { describeChoice, readTargets, type Choice, type EndpointPaths } from './selection-target';
import type { ContainerSettings } from './settings';

/** A container as its selections use it. */
export interface SelectionHost {
  readonly endpoints: EndpointPaths | undefined;
  readonly local: LocalSessions;
  readonly link: NodeLink;
  readonly settings: Pick<ContainerSettings, 'nodeTimeout'>;
}

/** See {@link SessionSelection}. Each call reaches the sessions of this node first, and then those of the others. */
export class WsSelection implements SessionSelection {
  constructor(
    private readonly host: SelectionHost,
    private readonly choice: Choice,
  ) {}

  except(...targets: readonly SessionTarget[]): SessionSelection {
    const { targets: selected, exceptions } = this.choice;
    const more = readTargets('except', targets, this.host.endpoints);
    return new WsSelection(this.host, { targets: selected, exceptions: [...exceptions, ...more] });
  }

  [Symbol.iterator](): Iterator<Session> {
    // A copy, because the body of a loop may change what is selected.
    return [...this.host.local.chosen(this.choice)][Symbol.iterator]();
  }

  send(message: unknown, options?: SendOptions): Promise<readonly SendResult[]> {
    if (message === undefined || message === null) return rejected(wrongArgument('send', 'a message', message));
    try {
      return this.#send(message, coalesceKey('send', options));
    } catch (error) {
      return rejected(error);
    }
  }

  #send(message: unknown, key: string | undefined): Promise<readonly SendResult[]> {
    const { local, link } = this.host;
    if (this.#isLocal) return local.send(this.choice, message, key);
    const forms: LocalForms = new Map();
    const sending = local.send(this.choice, message, key, forms);
    let publishing: Promise<void> | undefined;
    try {
      publishing = link.send(this.choice, message, forms, key);
    } catch (error) {
      publishing = rejected(error);
    }
    return publishing === undefined
      ? sending
      : tolerateNeglect(Promise.all([sending, publishing]).then(([failures]) => failures));
  }

  /** Whether no other node can have a session of the selection. */
  get #isLocal(): boolean {
    return this.host.link.isAlone || this.host.local.hasAllOf(this.choice);
  }

  close(closeReason?: CloseReason): Promise<void>;
  close(code: number, reasonPhrase?: string): Promise<void>;
  close(reason: CloseReason | number = 1000, phrase?: string): Promise<void> {
    try {
      const { choice } = this;
      const closeReason = closeReasonOf('close', reason, phrase);
      const closing = this.host.local.close(choice, closeReason);
      const code = closeReason.getCloseCode().getCode();
      return this.#andElsewhere(closing, { kind: 'close', choice, code, phrase: closeReason.getReasonPhrase() });
    } catch (error) {
      return rejected(error);
    }
  }

  join(...rooms: readonly string[]): Promise<void> {
    return this.#change('join', rooms);
  }

  leave(...rooms: readonly string[]): Promise<void> {
    return this.#change('leave', rooms);
  }

  #change(kind: 'join' | 'leave', rooms: readonly string[]): Promise<void> {
    try {
      requireRoomNames(kind, rooms);
      const { choice } = this;
      const failures = this.host.local.change(kind, choice, rooms);
      const [first] = failures;
      const changed = first === undefined ? Promise.resolve() : rejected(severalFailed(kind, failures.length, first));
      return this.#andElsewhere(changed, { kind, choice, rooms });
    } catch (error) {
      return rejected(error);
    }
  }

  #andElsewhere(here: Promise<void>, command: NodeCommand): Promise<void> {
    const publishing = this.#isLocal ? undefined : this.host.link.publish(command);
    return publishing === undefined ? here : tolerateNeglect(Promise.all([here, publishing]).then(() => undefined));
  }

  sessions(): Promise<readonly SessionInfo[]> {
    const { local, link, settings } = this.host;
    const here = local.describe(this.choice);
    if (this.#isLocal) return Promise.resolve(here);
    return tolerateNeglect(
      link.describe(this.choice, settings.nodeTimeout).then((elsewhere) => [...here, ...elsewhere]),
    );
  }

  /** @internal */
  describe(): string {
    return describeChoice(this.choice);
  }
}

showAs(WsSelection, 'SessionSelection', (selection) => selection.describe());

function severalFailed(call: string, count: number, first: Error): IllegalStateException {
  const message = `${count} of the selected sessions could not ${call}. The first error: ${first.message}`;
  return new IllegalStateException(message, { cause: first });
}
