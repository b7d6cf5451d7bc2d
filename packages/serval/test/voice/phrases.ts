/** Something that the project does not write, and what to write instead. */
export interface Phrase {
  /** Global, and without a group. */
  readonly pattern: RegExp;
  readonly remedy: string;
}

/** Code acts; it is not spoken to and has no mind. */
const CODE =
  '(?:Serval|Tomcat|Node|TypeScript|[Tt]he (?:container|session|server|client|engine|compiler|proxy|connection|handler|method|class|package|test|code))';

/** Anywhere in a sentence. */
export const PHRASES: readonly Phrase[] = [
  { pattern: /\banew\b/gi, remedy: 'write "again"' },
  { pattern: /\bmend(?:s|ed|ing)?\b/gi, remedy: 'write "fix"' },
  { pattern: /\b(?:has|have|had) thrown\b/gi, remedy: 'write "throws" or "threw"' },
  {
    pattern: /\b(?:is|are|was|were|be|been|being) (?:not )?told\b(?! apart)/gi,
    remedy: 'say what receives what: "@OnClose receives the reason"',
  },
  {
    pattern: /\b(?:is|are|was|were|be|been|being) (?:not )?asked\b/gi,
    remedy: 'say what calls or reads what: "delay runs", "the client reads"',
  },
  { pattern: /\b(?:is|are|was|were|be|been|being) given up\b/gi, remedy: 'say who ends, drops or stops it' },
  { pattern: /\b(?:is|are|was|were|be|been|being) got back\b/gi, remedy: 'write "reconnects"' },
  { pattern: /\b(?:and|or) the like\b/gi, remedy: 'write "such as" and name two of them' },
  { pattern: /\bas ever\b/gi, remedy: 'write "as usual", or leave it out' },
  { pattern: /\bsuch as it is\b/gi, remedy: 'leave it out' },
  { pattern: /\b(?:of|from) (?:what|who|whoever|whatever)\b/gi, remedy: 'name the thing' },
  { pattern: /\bthat (?:is|are) none\b/gi, remedy: 'write "is not a …"' },
  { pattern: /\bof (?:your|our|its|their|my|his|her) own\b/gi, remedy: 'write "your own …"' },
  { pattern: /\brenew(?:s|ed|ing)?\b/gi, remedy: 'write "regenerate", "replace" or "update"' },
  { pattern: /\bwhosoever\b|\bwhosever\b|\bhenceforth\b|\bthereof\b|\btherein\b/gi, remedy: 'use a common word' },
  {
    pattern: new RegExp(`\\b${CODE} (?:wants?|knows?)\\b`, 'g'),
    remedy: 'code does not know or want; say what it does',
  },
];

/** At the start of a sentence that is no question. */
export const FREE_RELATIVE: Phrase = {
  pattern: /(?:What|Who|Whom|Whose|Whoever|Whatever|Whichever|Where|Wherever)(?=\s)/g,
  remedy: 'start with the thing ("The limits of …", "A client that …") or with "If"',
};
