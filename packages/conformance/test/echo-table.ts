/** A message, whole or in fragments. All parts are of one kind. */
export interface EchoMessage {
  readonly title: string;
  readonly parts: readonly string[] | readonly Buffer[];
}

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 1024 * 1024];

/** The messages for every echo: each length with its own frame format, and fragments. */
export const ECHO_TABLE: readonly EchoMessage[] = [
  ...SIZES.map((size) => ({ title: `a text of ${size}`, parts: [textOf(size)] })),
  ...SIZES.map((size) => ({ title: `${size} bytes`, parts: [bytesOf(size)] })),
  { title: 'characters of 1 to 4 bytes', parts: ['κόσμε ✓ 𝄞 '.repeat(1000)] },
  { title: 'a text in fragments, one of them empty', parts: ['one ', '', 'two ✓ ', 'three'] },
  { title: 'a text in many fragments', parts: new Array<string>(300).fill('again and ✓ again ') },
  { title: 'bytes in fragments, the last one empty', parts: [bytesOf(126), bytesOf(125), Buffer.alloc(0)] },
  { title: 'bytes in large fragments', parts: [bytesOf(65_536), bytesOf(200_000), bytesOf(65_535)] },
];

/** For programs of other languages: a line for each message, `text` or `binary` and the base64 of its parts. */
export const ECHO_TABLE_LINES = ECHO_TABLE.map(
  ({ parts }) =>
    [typeof parts[0] === 'string' ? 'text' : 'binary']
      .concat(parts.map((part) => Buffer.from(part as string).toString('base64')))
      .join(' ') + '\n',
).join('');

/** Sends a message, in as many fragments as it has parts, and resolves with the next that comes. */
export type Exchange = (parts: EchoMessage['parts']) => Promise<string | Buffer>;

/** Exchanges all messages of the table, one after the other. @returns the titles of those that came back as another one */
export async function changedByEcho(exchange: Exchange): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const { title, parts } of ECHO_TABLE) {
    const echo = await exchange(parts);
    if (!isSame(echo, parts)) changed.push(`${title}: ${echo.length} of a ${typeof echo}`);
  }
  return changed;
}

function isSame(echo: string | Buffer, parts: EchoMessage['parts']): boolean {
  if (typeof parts[0] === 'string') return echo === parts.join('');
  // All parts are of one kind.
  return typeof echo !== 'string' && echo.equals(Buffer.concat(parts as readonly Buffer[]));
}

function textOf(size: number): string {
  return 'a text that can be compressed, '.repeat(Math.ceil(size / 31)).slice(0, size);
}

/** Bytes that cannot be compressed much. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
