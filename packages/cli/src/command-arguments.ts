import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A command line that cannot be parsed. The message says what was found and what to write instead. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

/**
 * Parses options with Node's parser, and reports errors in one line.
 *
 * @throws UsageError
 */
export function parseArguments<O extends Options>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // The first sentence of Node's message names the mistake; the others explain values that begin with a dash.
    throw new UsageError((error as Error).message.split(/\.\s/)[0]?.replace(/\.$/, '') ?? 'unknown option');
  }
}

/** One option of a command: what Node's parser needs, and its lines of the help. */
export interface CommandOption {
  readonly type: 'string' | 'boolean';
  /** One letter. */
  readonly short?: string;
  readonly multiple?: boolean;
  /** The name of the value in the help: `seconds`. */
  readonly value?: string;
  /** Its lines, without indentation. */
  readonly help: string;
}

export type CommandOptions = Readonly<Record<string, CommandOption>>;

const HELP_COLUMN = 31;

/** The lines of the help for these options, in their order. */
export function optionsHelp(options: CommandOptions): string {
  return Object.entries(options)
    .map(([name, { short, value, help }]) => {
      const names = `  ${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
      const [first = '', ...rest] = help.split('\n');
      // At least two spaces between an option and its text.
      const begin = names.length + 2 > HELP_COLUMN ? `${names}  ` : names.padEnd(HELP_COLUMN);
      return [begin + first, ...rest.map((line) => ' '.repeat(HELP_COLUMN) + line)].join('\n');
    })
    .join('\n');
}

/** @throws UsageError naming the option and its unit */
export function wholeNumber(
  option: string,
  text: string | undefined,
  { min, max, unit }: { readonly min: number; readonly max: number; readonly unit: string },
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new UsageError(`${option} is a whole number of ${unit} from ${min} to ${max}; found ${JSON.stringify(text)}`);
}

/** @returns milliseconds @throws UsageError */
export function seconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = Math.round(Number(text) * 1000);
  if (/^\d*\.?\d+$/.test(text) && milliseconds < 2 ** 31) return milliseconds;
  throw new UsageError(`${option} is a number of seconds, such as 5 or 0.5; found ${JSON.stringify(text)}`);
}
