import { OnMessage } from 'serval';
import { ErrorReporter } from './error-reporter';

/** Sends every text back. */
export abstract class TextEcho extends ErrorReporter {
  @OnMessage
  echo(text: string): string {
    return text;
  }
}
