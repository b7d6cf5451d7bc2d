import { CONTENDER_IDS, type ContenderId } from './results';
import { ROWS } from './rows';

/** The options of a run. */
export interface BenchOptions {
  readonly rounds: number;
  /** How long one cell is measured, in seconds. */
  readonly seconds: number;
  /** Ids, in the order of the table. */
  readonly rows: readonly string[];
  readonly contenders: readonly ContenderId[];
  /** A file for the results, or undefined. */
  readonly json: string | undefined;
  /** Whether to regenerate docs/performance.md and its chart. */
  readonly write: boolean;
}

export type Arguments =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

export const HELP = `Usage: npm run bench -- [options]

Measures Serval beside plain ws, NestJS, Socket.IO and, where it is installed, Tomcat.

  --rounds N          how often every cell is measured; the table shows medians (5)
  --seconds S         how long a cell is measured, after 1 s of warm-up (2)
  --rows A,B          some rows only: ${ROWS.map(({ id }) => id).join(', ')}
  --contenders A,B    some contenders only: ${CONTENDER_IDS.join(', ')}
  --json FILE         also writes every sample to FILE
  --write             also regenerates docs/performance.md and its chart; takes every row and contender
  --help              this text

Examples:
  npm run bench                                              everything, under 12 minutes
  npm run bench -- --rows echo-64,broadcast --rounds 3       two rows
  npm run bench -- --contenders serval,ws --seconds 1        nothing to install
  npm run bench -- --json results.json --write               for the documentation
`;

/** Reads the command line, without the name of the program. */
export function parseArguments(args: readonly string[]): Arguments {
  const values = new Map<string, string>();
  let write = false;
  for (let index = 0; index < args.length; index += 1) {
    const [name = '', inline] = splitOnce(args[index] ?? '', '=');
    if (name === '--help' || name === '-h') return { kind: 'help' };
    if (name === '--write') {
      write = true;
      continue;
    }
    if (!VALUED.has(name)) return mistake(`There is no option ${name}.`);
    const value = inline ?? args[(index += 1)];
    if (value === undefined || value === '') return mistake(`${name} needs a value.`);
    values.set(name, value);
  }
  return check(values, write);
}

const VALUED = new Set(['--rounds', '--seconds', '--rows', '--contenders', '--json']);

function check(values: ReadonlyMap<string, string>, write: boolean): Arguments {
  const rounds = Number(values.get('--rounds') ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) return mistake('--rounds is a whole number, 1 to 100.');
  const seconds = Number(values.get('--seconds') ?? 2);
  if (!(seconds >= 0.1 && seconds <= 60)) return mistake('--seconds is a number, 0.1 to 60.');

  const rows = choose(
    values.get('--rows'),
    ROWS.map(({ id }) => id),
  );
  if (typeof rows === 'string') return mistake(`--rows: ${rows}`);
  const contenders = choose(values.get('--contenders'), CONTENDER_IDS);
  if (typeof contenders === 'string') return mistake(`--contenders: ${contenders}`);
  if (write && (values.has('--rows') || values.has('--contenders'))) {
    return mistake('--write takes every row and contender; leave --rows and --contenders away.');
  }
  return { kind: 'run', options: { rounds, seconds, rows, contenders, json: values.get('--json'), write } };
}

/** The members of `known` in the list, in the order of `known`; a string names the error in the list. */
function choose<Id extends string>(list: string | undefined, known: readonly Id[]): readonly Id[] | string {
  if (list === undefined) return known;
  const names = list.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !known.some((id) => id === name));
  if (stranger !== undefined) return `there is no "${stranger}"; there are ${known.join(', ')}.`;
  return known.filter((id) => names.includes(id));
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function mistake(message: string): Arguments {
  return { kind: 'mistake', message };
}
