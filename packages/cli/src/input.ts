import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { CloseReason, IOException, type Session } from '@serval/api';
import type { WebSocketClient } from '@serval/client';
import type { Conversation } from './conversation';
import type { Printer } from './printer';
import type { Terminal } from './terminal';

/** The source of the messages and the connection that sends them. */
export interface Input {
  readonly terminal: Terminal;
  readonly printer: Printer;
  readonly client: WebSocketClient;
  readonly conversation: Conversation;
  readonly binary: boolean;
  /** Stops reading the input. */
  readonly signal: AbortSignal;
}

/**
 * Sends stdin until it ends, the session ends or the signal aborts. Each line is a message; in a terminal a line may also
 * be a command. It reads a line once the session has accepted the previous one.
 *
 * @throws Error (as a rejection) when a send fails
 */
export async function sendInput(input: Input): Promise<void> {
  const { terminal, client, binary } = input;
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
    // Restores the typed text after the printer prints above it.
    input.printer.prompt = () => lines.prompt(true);
    lines.on('SIGINT', stop);
    lines.prompt();
  }
  try {
    if (input.signal.aborted) return;
    for await (const line of lines) {
      if (input.signal.aborted) break;
      if (isInteractive && line.startsWith('/') && !line.startsWith('//')) await runCommand(line, input);
      else await send(client, isInteractive ? line.replace(/^\/\//, '/') : line, binary);
      if (isInteractive && !input.signal.aborted) lines.prompt();
    }
  } finally {
    input.printer.prompt = undefined;
    input.signal.removeEventListener('abort', stop);
    lines.close();
    // A pipe that stays open must not keep the process alive.
    terminal.stdin.destroy();
  }
}

export function send(client: WebSocketClient, line: string, binary: boolean): Promise<void> {
  return client.send(binary ? Buffer.from(line) : line);
}

/** Sends all of stdin as one message, in parts as they arrive. */
async function sendBytes({ terminal, client, signal }: Input): Promise<void> {
  const stop = (): void => void terminal.stdin.destroy();
  signal.addEventListener('abort', stop);
  try {
    const remote = openSession(client).getBasicRemote();
    for await (const chunk of terminal.stdin) await remote.sendBinary(Buffer.from(chunk as Uint8Array), false);
    await remote.sendBinary(Buffer.alloc(0), true);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

export const COMMANDS_HELP = `/ping [text]             send a ping and print the time until its pong
/binary <hex> | @<file>  send a binary message
/close [code] [reason]   close, with 1000 by default
/help                    print this list
//text                   send /text`;

async function runCommand(line: string, input: Input): Promise<void> {
  const { client, conversation, printer } = input;
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/.exec(line) ?? [];
  try {
    if (name === 'ping') await conversation.ping(openSession(client), rest);
    else if (name === 'binary') await client.send(await bytesOf(rest));
    else if (name === 'close') await client.close(reasonOf(rest));
    else if (name === 'help') COMMANDS_HELP.split('\n').forEach((text) => printer.note(text));
    else printer.error(`there is no command /${name}; /help lists them, and // at the start sends one slash`);
  } catch (error) {
    // A typing mistake does not end the conversation.
    printer.error((error as Error).message);
  }
}

function openSession({ session }: WebSocketClient): Session {
  if (session === undefined) throw new IOException('The connection is lost; try again once it is back.');
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
