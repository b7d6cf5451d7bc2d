import { API_DOCUMENTATION } from './api-assertions';
import { SPECIFICATION } from './specification-assertions';

/** A testable assertion of Jakarta WebSocket, in our words; a bare string where there is nothing more to say. */
export type Assertion =
  | string
  | {
      readonly says: string;
      /** What Serval does differently, on purpose. */
      readonly differs?: string;
    }
  | {
      readonly says: string;
      /** Why it cannot apply outside of a Java VM. */
      readonly doesNotApply: string;
      /** What takes its place here; tests that carry the assertion's id show it. */
      readonly instead: string;
    }
  | {
      readonly says: string;
      /** What has to be built before it can be tested. */
      readonly notYet: string;
    };

/** Assertions by their section, and in a section by their id: `WSC-4.7-1`, or `JAVADOC:17`. */
export type Assertions = Readonly<Record<string, Readonly<Record<string, Assertion>>>>;

/** The assertions of the specification's text and of its API documentation, in their order. */
export const ASSERTIONS: readonly { readonly title: string; readonly sections: Assertions }[] = [
  { title: 'The specification', sections: SPECIFICATION },
  { title: 'The API documentation', sections: API_DOCUMENTATION },
];
