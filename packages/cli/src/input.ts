import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { CloseReason, IOException, type Session } from '@serval/api';
import type { Connection } from '@serval/client';
import type { Conversation } from './conversation';
import type { Printer } from './printer';
import type { Terminal } from './terminal';

/** What is sent, and by whom. */
export interface Input {
  readonly terminal: Terminal;
  readonly printer: Printer;
  readonly connection: Connection;
  readonly conversation: Conversation;
  readonly binary: boolean;
  /** Ends the input from outside. */
  readonly signal: AbortSignal;
}

/**
 * Sends what stdin says until it ends, the session ends or the signal comes: lines as messages, from a terminal with
 * commands among them. A line is read when the one before has been accepted.
 *
 * @throws Error (as a rejection) of a send that failed
 */
export async function sendInput(input: Input): Promise<void> {
  const { terminal, connection, binary } = input;
  if (binary && terminal.stdin.isTTY !== true) return sendBytes(input);
  const isInteractive = terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
  const lines = createInterface({
    input: terminal.stdin,
    ...(isInteractive && { output: terminal.stdout, terminal: true, prompt: '> ' }),
    crlfDelay: Infinity,
  });
  const stop = (): void => lines.close();
  input.signal.addEventListener('abort', stop);
  if (isInteractive) {
    // A line that is being printed above keeps what has been typed.
    input.printer.prompt = () => lines.prompt(true);
    lines.on('SIGINT', stop);
    lines.prompt();
  }
  try {
    if (input.signal.aborted) return;
    for await (const line of lines) {
      if (input.signal.aborted) break;
      if (isInteractive && line.startsWith('/') && !line.startsWith('//')) await runCommand(line, input);
      else await send(connection, isInteractive ? line.replace(/^\/\//, '/') : line, binary);
      if (isInteractive && !input.signal.aborted) lines.prompt();
    }
  } finally {
    input.printer.prompt = undefined;
    input.signal.removeEventListener('abort', stop);
    lines.close();
    // A pipe that stays open must not keep the process.
    terminal.stdin.destroy();
  }
}

export function send(connection: Connection, line: string, binary: boolean): Promise<void> {
  return connection.send(binary ? Buffer.from(line) : line);
}

/** All of stdin as one message, in parts as they come. */
async function sendBytes({ terminal, connection, signal }: Input): Promise<void> {
  const stop = (): void => void terminal.stdin.destroy();
  signal.addEventListener('abort', stop);
  try {
    const remote = openSession(connection).getBasicRemote();
    for await (const chunk of terminal.stdin) await remote.sendBinary(Buffer.from(chunk as Uint8Array), false);
    await remote.sendBinary(Buffer.alloc(0), true);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

export const COMMANDS_HELP = `/ping [text]             sends a ping, and shows how long its pong takes
/binary <hex> | @<file>  sends a binary message
/close [code] [reason]   closes, with 1000 where no code is given
/help                    shows this
//text                   sends /text`;

async function runCommand(line: string, input: Input): Promise<void> {
  const { connection, conversation, printer } = input;
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/.exec(line) ?? [];
  try {
    if (name === 'ping') await conversation.ping(openSession(connection), rest);
    else if (name === 'binary') await connection.send(await bytesOf(rest));
    else if (name === 'close') await connection.close(reasonOf(rest));
    else if (name === 'help') COMMANDS_HELP.split('\n').forEach((text) => printer.note(text));
    else printer.error(`there is no command /${name}; /help lists them, and a line with // sends one slash`);
  } catch (error) {
    // A slip of the pen; the conversation goes on.
    printer.error((error as Error).message);
  }
}

function openSession({ session }: Connection): Session {
  if (session === undefined) throw new IOException('The connection is away.');
  return session;
}

async function bytesOf(text: string): Promise<Buffer> {
  if (text.startsWith('@')) return readFile(text.slice(1));
  const digits = text.replace(/\s/g, '');
  if (digits.length % 2 === 0 && /^[\da-f]+$/i.test(digits)) return Buffer.from(digits, 'hex');
  throw new Error(
    '/binary takes bytes as hexadecimal digits, such as /binary 01 ff, or a file, such as /binary @photo.png',
  );
}

function reasonOf(text: string): CloseReason {
  if (text === '') return new CloseReason(1000);
  const [, code, phrase] = /^(\d+)\s*(.*)$/.exec(text) ?? [];
  if (code === undefined) throw new Error('/close takes a code and a reason, such as /close 4000 good night');
  return new CloseReason(Number(code), phrase);
}
