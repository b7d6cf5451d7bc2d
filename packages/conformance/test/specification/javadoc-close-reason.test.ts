import { CloseCodes, CloseReason, IllegalArgumentException, type CloseCode } from 'serval';

const REGISTERED: readonly (readonly [name: string, code: number])[] = [
  ['NORMAL_CLOSURE', 1000],
  ['GOING_AWAY', 1001],
  ['PROTOCOL_ERROR', 1002],
  ['CANNOT_ACCEPT', 1003],
  ['RESERVED', 1004],
  ['NO_STATUS_CODE', 1005],
  ['CLOSED_ABNORMALLY', 1006],
  ['NOT_CONSISTENT', 1007],
  ['VIOLATED_POLICY', 1008],
  ['TOO_BIG', 1009],
  ['NO_EXTENSION', 1010],
  ['UNEXPECTED_CONDITION', 1011],
  ['SERVICE_RESTART', 1012],
  ['TRY_AGAIN_LATER', 1013],
  ['TLS_HANDSHAKE_FAILURE', 1015],
];

describe('CloseReason', () => {
  test('[JAVADOC:18] [JAVADOC:19] [JAVADOC:20] has the code and the phrase from its constructor', () => {
    const reason = new CloseReason(CloseReason.CloseCodes.GOING_AWAY, 'see you');
    expect(reason.getCloseCode()).toBe(CloseCodes.GOING_AWAY);
    expect(reason.getReasonPhrase()).toBe('see you');
    const without = new CloseReason(CloseCodes.GOING_AWAY, null);
    expect(without.getReasonPhrase()).toBe('');
    expect(() => new CloseReason(null as unknown as CloseCode, 'why?')).toThrow(IllegalArgumentException);
    expect(() => new CloseReason(CloseCodes.GOING_AWAY, 'ü'.repeat(62))).toThrow(IllegalArgumentException);
    expect(new CloseReason(CloseCodes.GOING_AWAY, 'ü'.repeat(61)).getReasonPhrase()).toHaveLength(61);
  });

  test('[JAVADOC:21] toString shows code and phrase', () => {
    expect(`${new CloseReason(4001, 'kicked')}`).toBe('CloseReason[4001,kicked]');
    expect(`${new CloseReason(1000)}`).toBe('CloseReason[1000]');
  });

  test('[JAVADOC:22] accepts any CloseCode, including an application’s own, and returns its number', () => {
    const kicked: CloseCode = { getCode: () => 4001 };
    expect(new CloseReason(kicked, '').getCloseCode().getCode()).toBe(4001);
  });
});

describe('CloseCodes', () => {
  test.each(REGISTERED)('[JAVADOC:24] %s is %d', (name, code) => {
    expect(CloseCodes[name as 'GOING_AWAY'].getCode()).toBe(code);
  });

  test('[JAVADOC:23] getCloseCode returns the constant for a number, and rejects a number that is not a close code', () => {
    for (const [name, code] of REGISTERED) expect(CloseCodes.getCloseCode(code)).toBe(CloseCodes[name as 'GOING_AWAY']);
    // As the specification's own class does: numbers of applications are codes, not errors.
    expect(CloseCodes.getCloseCode(4999).getCode()).toBe(4999);
    for (const code of [999, 5000, 0, -1, 1000.5, NaN])
      expect(() => CloseCodes.getCloseCode(code)).toThrow(IllegalArgumentException);
  });

  test('[JAVADOC:25] valueOf returns the constant for a name, and rejects an unknown name', () => {
    for (const [name] of REGISTERED) expect(CloseCodes.valueOf(name)).toBe(CloseCodes[name as 'GOING_AWAY']);
    expect(() => CloseCodes.valueOf('GOING_HOME')).toThrow(IllegalArgumentException);
  });

  test('[JAVADOC:26] values returns all constants in order', () => {
    expect(CloseCodes.values().map((code) => [String(code), code.getCode()])).toEqual(REGISTERED);
  });
});
