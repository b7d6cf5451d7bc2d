import { FREE_RELATIVE, PHRASES, type Phrase } from './phrases';
import { passagesOfPage, passagesOfProgram, type Passage } from './texts';

const FINDERS = PHRASES.map((phrase) => ({ phrase, pattern: acrossLines(phrase.pattern) }));
/** Found in the text of every program that has a finding. */
const SUSPICIOUS = [...FINDERS.map(({ pattern }) => pattern), FREE_RELATIVE.pattern].map(
  ({ source, flags }) => new RegExp(source, flags.replace('g', '')),
);
const STARTS = new RegExp(`^${FREE_RELATIVE.pattern.source}`);

/** The start of a sentence: at the start of a passage, or behind the end of another sentence. */
const SENTENCE = /(?:^|[.!?]["')*_]*\s+|\n\s*\n\s*)(["'(*_[]*)/g;

/** What to change in a file, one line each: `docs/a.md:3: "anew": write "again"`. */
export function findingsIn(path: string, text: string): string[] {
  if (path.endsWith('.md')) return passagesOfPage(text).flatMap((passage) => findingsOf(path, passage));
  // To parse a program takes far longer than to search it.
  const lines = text.replaceAll(/^[ \t]*(?:\/\/|\*)/gm, '');
  if (!SUSPICIOUS.some((pattern) => pattern.test(lines))) return [];
  return passagesOfProgram(text).flatMap((passage) => findingsOf(path, passage));
}

function findingsOf(path: string, { line, text }: Passage): string[] {
  const found: { readonly index: number; readonly phrase: string; readonly remedy: string }[] = [];
  const add = ({ remedy }: Phrase, index: number, phrase: string): void => {
    found.push({ index, phrase: phrase.replaceAll(/\s+/g, ' '), remedy });
  };

  for (const { phrase, pattern } of FINDERS) {
    for (const match of text.matchAll(pattern)) add(phrase, match.index, match[0]);
  }
  for (const start of text.matchAll(SENTENCE)) {
    const index = start.index + start[0].length;
    const sentence = /^[^.!?]*[.!?]?/.exec(text.slice(index))?.[0] ?? '';
    const word = STARTS.exec(sentence)?.[0];
    if (word !== undefined && !sentence.endsWith('?') && !/^[^\n]*:\*\*/.test(sentence))
      add(FREE_RELATIVE, index, `${sentence.slice(0, 30)}…`);
  }

  return found
    .sort((a, b) => a.index - b.index)
    .map(({ index, phrase, remedy }) => {
      const at = line + text.slice(0, index).split('\n').length - 1;
      return `${path}:${at}: "${phrase}": ${remedy}`;
    });
}

/** The same pattern, where a space may be a line break. */
function acrossLines({ source, flags }: RegExp): RegExp {
  return new RegExp(source.replaceAll(' ', '\\s+'), flags);
}
