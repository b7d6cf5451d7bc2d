import { ClientEndpoint, CloseReason, OnClose, OnError, OnMessage } from 'serval';

/** The report of both endpoints: how their connection ended. */
abstract class ClosingClient {
  #tellClose: (code: number) => void = () => undefined;
  /** The close code, once the connection is over. */
  readonly closed = new Promise<number>((resolve) => {
    this.#tellClose = resolve;
  });

  @OnClose
  onClose(reason: CloseReason): void {
    this.#tellClose(reason.getCloseCode().getCode());
  }

  /** The close code tells what matters of it. */
  @OnError
  onError(_thrown: Error): void {}
}

/** Runs one case: sends back every message that it brings. */
@ClientEndpoint
export class CaseClient extends ClosingClient {
  @OnMessage
  text(message: string): string {
    return message;
  }

  @OnMessage
  binary(message: Buffer): Buffer {
    return message;
  }
}

/** Hears what a fuzzing server tells about its cases: only the first text matters. */
@ClientEndpoint
export class CountClient extends ClosingClient {
  #firstText: string | undefined;

  get firstText(): string | undefined {
    return this.#firstText;
  }

  @OnMessage
  text(message: string): void {
    this.#firstText ??= message;
  }

  @OnMessage
  binary(_message: Buffer): void {}
}
