import type { PathParameters } from './session';

/** The names of the variables in a URI template: `'room'` for `'/chat/{room}'`. */
type NamesIn<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? NameIn<Segment> | NamesIn<Rest>
  : NameIn<Path>;

type NameIn<Segment extends string> = Segment extends `{${infer Name}}` | `<${infer Name}>` ? Name : never;

/**
 * The values of a URI template's variables: `{ readonly room: string }` for `'/chat/{room}'`. Any names if the template is
 * not a literal.
 *
 * @example
 * function greet(session: Session<SessionData, null, PathVariables<'/chat/{room}'>>) { return session.params.room; }
 */
export type PathVariables<Path extends string> = string extends Path
  ? PathParameters
  : { readonly [Name in NamesIn<Path>]: string };
