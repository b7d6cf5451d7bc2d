import ts from 'typescript';

/** A passage of prose: a paragraph, a list item, a table cell, a comment, a string. */
export interface Passage {
  /** Of its first character, counted from 1. */
  readonly line: number;
  /** Line breaks are those of the file; code in it is masked. */
  readonly text: string;
}

// Masking keeps every line break and every length, so that places in the masked text are places in the file.
const mask = (text: string): string => text.replaceAll(/[^\n]/g, '`');

const CODE_IN_PROSE = /<!--[^]*?-->|^ *```[^]*?^ *```$|``[^`]+``|`[^`\n]*`|(?<=\])\([^)\s]*\)|https?:\/\/\S+/gm;
/** Of a doc comment: code in an example, links to names, names of parameters. */
const CODE_IN_COMMENTS =
  /```[^]*?```|@example[^]*?(?=^\W*@|$(?![^]))|`[^`\n]*`|\{@\w+[^}]*\}|@param \S+|https?:\/\/\S+/gm;

const PART_OF_PAGE = /^ *(?:[-*]|\d+\.) +|^ *>+ ?|(?<!\\)\||\n *\n/gm;

/** The prose of a page of Markdown: no code, no headings, each cell of a table on its own. */
export function passagesOfPage(page: string): Passage[] {
  const prose = page
    .replaceAll(CODE_IN_PROSE, mask)
    .replaceAll(/^#{1,6} .*$/gm, mask)
    .replaceAll(/<[^>\n]*>/g, mask);
  return split(prose, PART_OF_PAGE);
}

function split(text: string, borders: RegExp): Passage[] {
  const passages: Passage[] = [];
  let start = 0;
  const take = (end: number): void => {
    const part = text.slice(start, end);
    if (/[a-z]/i.test(part)) passages.push(passageAt(text, start, part));
  };
  for (const border of text.matchAll(borders)) {
    take(border.index);
    start = border.index + border[0].length;
  }
  take(text.length);
  return passages;
}

function passageAt(whole: string, index: number, text: string): Passage {
  const blank = /^\s*/.exec(text)?.[0] ?? '';
  return { line: lineAt(whole, index + blank.length), text: text.slice(blank.length) };
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** The comments and the strings of a program. Consecutive line comments are one passage. */
export function passagesOfProgram(program: string): Passage[] {
  const source = ts.createSourceFile('program.ts', program, ts.ScriptTarget.Latest, false);
  const passages: Passage[] = [];
  const comments = new Set<number>();

  const takeComments = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end, kind } of ranges ?? []) {
      if (comments.has(pos)) continue;
      comments.add(pos);
      const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
      const before = passages.at(-1);
      const text = isLine ? program.slice(pos + 2, end) : program.slice(pos + 2, end - 2).replaceAll(/^\s*\*/gm, '');
      const line = lineAt(program, pos);
      if (isLine && before && before.line + before.text.split('\n').length === line && lineComments.has(before)) {
        passages.pop();
        push({ line: before.line, text: `${before.text}\n${text}` }, true);
      } else push({ line, text }, isLine);
    }
  };
  const lineComments = new Set<Passage>();
  const push = (passage: Passage, isLine: boolean): void => {
    passages.push(passage);
    if (isLine) lineComments.add(passage);
  };

  const visit = (node: ts.Node): void => {
    takeComments(ts.getLeadingCommentRanges(program, node.pos));
    takeComments(ts.getTrailingCommentRanges(program, node.end));
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || isTemplatePart(node)) {
      if (node.text.includes(' ')) passages.push({ line: lineAt(program, node.getStart(source)), text: node.text });
    }
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);

  return passages.map(({ line, text }) =>
    passageAt('\n'.repeat(line - 1) + text, line - 1, text.replaceAll(CODE_IN_COMMENTS, mask)),
  );
}

function isTemplatePart(node: ts.Node): node is ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail {
  return ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
}
