import { Endpoint, OnError, Session } from 'serval';

/** Tells the peer of every error: the `onError` that nearly all endpoints of the TCK have. */
export abstract class ErrorReporter {
  @OnError
  async onError(session: Session, thrown: Error): Promise<void> {
    await session.getBasicRemote().sendText(`Exception: ${printStackTrace(thrown)}`);
  }
}

/** The same for programmatic endpoints. */
export abstract class ErrorReportingEndpoint extends Endpoint {
  override async onError(session: Session, thrown: Error): Promise<void> {
    await session.getBasicRemote().sendText(`Exception: ${printStackTrace(thrown)}`);
  }
}

/** The output of Java's `printStackTrace`: the error with its name, where it comes from, and its causes. */
export function printStackTrace(thrown: Error): string {
  const trace = thrown.stack ?? String(thrown);
  return thrown.cause instanceof Error ? `${trace}\nCaused by: ${printStackTrace(thrown.cause)}` : trace;
}
