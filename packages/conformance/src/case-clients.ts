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

  /** Ignores the error, because the close code is enough. */
  @OnError
  onError(_thrown: Error): void {}
}

/** Runs one case: echoes every message. */
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

/** Receives a fuzzing server's information about its cases. Only the first text matters. */
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
