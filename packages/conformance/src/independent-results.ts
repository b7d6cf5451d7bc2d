/** One run of an external suite, from outside the project, as docs/conformance.md shows it. */
export interface IndependentResult {
  readonly suite: string;
  readonly ran: string;
  readonly result: string;
}

/** The tested commit, and the date. */
export const INDEPENDENT_RUN = { commit: '3359813', date: '30 November 2026', node: '20.20.2' } as const;

/** In the order of the page. */
export const INDEPENDENT_RESULTS: readonly IndependentResult[] = [
  {
    suite: 'Jakarta WebSocket test kit',
    ran: 'tests of a server over the wire, by the client of Tomcat 10.1.60 on Java 17, against `npm run tck`',
    result: '379 of 379',
  },
  {
    suite: '',
    ran: 'of those, the tests that fail against two deliberately weak servers',
    result: '328 of 328',
  },
  { suite: '', ran: 'the ten that the draft of version 2.3 adds', result: '10 of 10' },
  {
    suite: '',
    ran: "the kit's branch `2.2.x`, with only its Java package renamed",
    result: '379 of 379; without the renaming, 60 answers differ, in names of Java classes only',
  },
  {
    suite: '',
    ran: "as a control: the kit's own applications on Tomcat 10.1.60",
    result: '379 of 379',
  },
  {
    suite: 'Autobahn test suite 25.10.1',
    ran: 'all 517 cases, Serval as server',
    result: '512 OK, 3 INFORMATIONAL, 0 NON-STRICT, 2 FAILED',
  },
  { suite: '', ran: 'all 517 cases, Serval as client', result: '512 OK, 3 INFORMATIONAL, 0 NON-STRICT, 2 FAILED' },
  {
    suite: '',
    ran: 'for comparison: ws 8.23 as server, the 247 cases of sections 1 to 7 and 10',
    result: '240 OK, 4 NON-STRICT, 3 INFORMATIONAL',
  },
];
