/** The three moments of a connection that a page shows. The clients of this folder have them in common. */
export interface View {
  readonly online: () => void;
  readonly away: () => void;
  readonly show: (text: string) => void;
}
