import { CloseCodes, CloseReason, IllegalArgumentException } from '@serval/api';

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

describe('CloseCodes', () => {
  test.each(REGISTERED)('%s is %i by name, by number and by valueOf', (name, code) => {
    const constant = CloseCodes[name as 'GOING_AWAY'];
    expect(constant.getCode()).toBe(code);
    expect(constant.toString()).toBe(name);
    expect(CloseCodes.getCloseCode(code)).toBe(constant);
    expect(CloseCodes.valueOf(name)).toBe(constant);
  });

  test('values() lists every registered code in ascending order', () => {
    expect(CloseCodes.values().map((code) => [String(code), code.getCode()])).toEqual(REGISTERED);
  });

  test('is a static member of CloseReason, as in Java', () => {
    expect(CloseReason.CloseCodes).toBe(CloseCodes);
  });

  test.each([1014, 1016, 2999, 3000, 4000, 4999])('getCloseCode(%i) creates an application code', (code) => {
    const own = CloseCodes.getCloseCode(code);
    expect(own.getCode()).toBe(code);
    expect(String(own)).toBe(String(code));
    expect(CloseCodes.values()).not.toContain(own);
  });

  test.each([999, 5000, 0, -1, 1000.5, NaN, Infinity])('getCloseCode(%d) throws IllegalArgumentException', (code) => {
    expect(() => CloseCodes.getCloseCode(code)).toThrow(IllegalArgumentException);
    expect(() => CloseCodes.getCloseCode(code)).toThrow(`from 1000 to 4999; found ${code}`);
  });

  test.each(['going_away', 'GONE', '', 'values', 'toString'])('valueOf(%j) throws IllegalArgumentException', (name) => {
    expect(() => CloseCodes.valueOf(name)).toThrow(IllegalArgumentException);
    expect(() => CloseCodes.valueOf(name)).toThrow(JSON.stringify(name));
  });

  test('is frozen', () => {
    expect(Object.isFrozen(CloseCodes)).toBe(true);
  });
});

describe('CloseReason', () => {
  test('has a code and a phrase', () => {
    const reason = new CloseReason(CloseCodes.VIOLATED_POLICY, 'no shouting');
    expect(reason.getCloseCode()).toBe(CloseCodes.VIOLATED_POLICY);
    expect(reason.getReasonPhrase()).toBe('no shouting');
  });

  test('accepts a number instead of a code', () => {
    expect(new CloseReason(1001).getCloseCode()).toBe(CloseCodes.GOING_AWAY);
    expect(new CloseReason(4001, 'kicked').getCloseCode().getCode()).toBe(4001);
    expect(() => new CloseReason(5000)).toThrow(IllegalArgumentException);
  });

  test('accepts an application object that implements CloseCode', () => {
    const kicked = { getCode: () => 4001 };
    expect(new CloseReason(kicked).getCloseCode()).toBe(kicked);
  });

  test.each([
    ['left out', new CloseReason(1000)],
    ['null', new CloseReason(1000, null)],
    ['empty', new CloseReason(1000, '')],
  ])('has an empty phrase when it is %s', (_how, reason) => {
    expect(reason.getReasonPhrase()).toBe('');
    expect(String(reason)).toBe('CloseReason[1000]');
  });

  test.each([null, undefined])('throws when the code is %s', (code) => {
    expect(() => new CloseReason(code as never)).toThrow(IllegalArgumentException);
  });

  test('RFC 6455 5.5.1: accepts a phrase of 123 bytes and rejects 124', () => {
    expect(new CloseReason(1000, 'x'.repeat(123)).getReasonPhrase()).toHaveLength(123);
    expect(() => new CloseReason(1000, 'x'.repeat(124))).toThrow(IllegalArgumentException);
    expect(() => new CloseReason(1000, 'x'.repeat(124))).toThrow('at most 123 bytes of UTF-8; found 124');
  });

  test.each([
    ['é', 2],
    ['€', 3],
    ['😀', 4],
  ])('counts %s as %i bytes', (character, bytes) => {
    const fits = Math.floor(123 / bytes);
    expect(new CloseReason(1000, character.repeat(fits)).getReasonPhrase()).toBe(character.repeat(fits));
    expect(() => new CloseReason(1000, character.repeat(fits + 1))).toThrow(`found ${(fits + 1) * bytes}`);
  });

  test('toString shows the code, and the phrase if there is one', () => {
    expect(String(new CloseReason(1001))).toBe('CloseReason[1001]');
    expect(String(new CloseReason(CloseCodes.GOING_AWAY, 'bye'))).toBe('CloseReason[1001,bye]');
  });
});
