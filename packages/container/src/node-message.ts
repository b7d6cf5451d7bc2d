import type { SessionInfo } from '@serval/api';
import type { Encoded } from './encoders';
import type { Choice } from './selection-target';

/** A message in the form for some endpoints. */
export interface MessageForm {
  /** The path of the endpoint whose encoder made it; undefined for the form that any other endpoint sends. */
  readonly endpoint: string | undefined;
  /** Undefined for no message: a stream encoder wrote nothing. */
  readonly message: Encoded | undefined;
}

/** A call on a selection, for the sessions of other nodes. */
export type NodeCommand =
  | {
      readonly kind: 'send';
      readonly choice: Choice;
      /** See `SendOptions.coalesce`. */
      readonly coalesce?: string | undefined;
      readonly forms: readonly MessageForm[];
    }
  | { readonly kind: 'close'; readonly choice: Choice; readonly code: number; readonly phrase: string }
  | { readonly kind: 'join' | 'leave'; readonly choice: Choice; readonly rooms: readonly string[] }
  | { readonly kind: 'describe'; readonly choice: Choice };

/** Nodes of a release that writes another format would misunderstand each other. */
const FORMAT = 1;
const NEWLINE = 0x0a;
const NO_BYTES = new Uint8Array(0);

/** The place of a form's message behind the head. */
interface FormHead {
  readonly endpoints: readonly (string | null)[];
  readonly type: 'text' | 'binary' | 'nothing';
  readonly bytes: number;
}

type Head =
  | {
      readonly kind: 'send';
      readonly choice: Choice;
      readonly coalesce?: string | undefined;
      readonly forms: readonly FormHead[];
    }
  | Exclude<NodeCommand, { readonly kind: 'send' }>;

/**
 * A command as bytes: a line of JSON, then the messages of its forms. Equal forms stand there once.
 *
 * {"format":1,"kind":"send","choice":{…},"forms":[{"endpoints":[null],"type":"text","bytes":5}]} 0x0a hello
 */
export function formatCommand(command: NodeCommand): Buffer {
  if (command.kind !== 'send') return Buffer.from(`${JSON.stringify({ format: FORMAT, ...command })}\n`);
  const endpoints = new Map<Encoded | undefined, (string | null)[]>();
  for (const { endpoint = null, message } of command.forms) {
    const known = endpoints.get(message);
    if (known === undefined) endpoints.set(message, [endpoint]);
    else known.push(endpoint);
  }
  const bodies: Uint8Array[] = [];
  const forms: FormHead[] = [];
  for (const [message, names] of endpoints) {
    const body = typeof message === 'string' ? Buffer.from(message) : (message ?? NO_BYTES);
    bodies.push(body);
    const type = message === undefined ? 'nothing' : typeof message === 'string' ? 'text' : 'binary';
    forms.push({ endpoints: names, type, bytes: body.byteLength });
  }
  const { kind, choice, coalesce } = command;
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ format: FORMAT, kind, choice, coalesce, forms })}\n`),
    ...bodies,
  ]);
}

/** @throws Error for bytes that another release wrote, or that are no command */
export function parseCommand(bytes: Uint8Array): NodeCommand {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf(NEWLINE);
  const parsed: unknown = JSON.parse(buffer.toString('utf8', 0, Math.max(0, end)));
  const format = typeof parsed === 'object' && parsed !== null && 'format' in parsed ? parsed.format : undefined;
  if (format !== FORMAT)
    throw new Error(
      `A message of another node has the format ${String(format)}; expected ${FORMAT}. Run the same release everywhere.`,
    );
  // Only nodes of this application write to the channel, and they write what formatCommand makes.
  const head = parsed as Head;
  if (head.kind !== 'send') return head;
  let at = end + 1;
  const forms = head.forms.flatMap(({ endpoints, type, bytes: length }) => {
    const body = buffer.subarray(at, (at += length));
    const message = type === 'text' ? body.toString() : type === 'binary' ? body : undefined;
    return endpoints.map((endpoint) => ({ endpoint: endpoint ?? undefined, message }));
  });
  return { kind: 'send', choice: head.choice, coalesce: head.coalesce, forms };
}

export function formatInfos(infos: readonly SessionInfo[]): Buffer {
  return Buffer.from(JSON.stringify(infos));
}

export function parseInfos(bytes: Uint8Array): readonly SessionInfo[] {
  // formatInfos made it.
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as readonly SessionInfo[];
}
