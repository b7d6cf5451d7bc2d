/** A testable assertion of Jakarta WebSocket, in our words; a bare string if there is nothing to add. */
export type Assertion =
  | string
  | {
      readonly says: string;
      /** Serval's deliberate difference. */
      readonly differs?: string;
    }
  | {
      readonly says: string;
      /** The reason why it cannot apply outside a Java VM. */
      readonly doesNotApply: string;
      /** Its substitute here; tests with the assertion's id show it. */
      readonly instead: string;
    }
  | {
      readonly says: string;
      /** The part that must exist before a test is possible. */
      readonly notYet: string;
    };

/** Assertions by section, and within a section by id: `WSC-4.7-1`, or `JAVADOC:17`. */
export type Assertions = Readonly<Record<string, Readonly<Record<string, Assertion>>>>;
