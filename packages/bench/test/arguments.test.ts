import { HELP, parseArguments } from '../src/arguments';
import { CONTENDER_IDS } from '../src/results';
import { ROWS } from '../src/rows';

const EVERY_ROW = ROWS.map(({ id }) => id);

describe('parseArguments', () => {
  it('measures every row and contender in five rounds of two seconds by default', () => {
    expect(parseArguments([])).toEqual({
      kind: 'run',
      options: { rounds: 5, seconds: 2, rows: EVERY_ROW, contenders: CONTENDER_IDS, json: undefined, write: false },
    });
  });

  it('reads values after a space and after an equals sign', () => {
    const args = ['--rounds', '3', '--seconds=0.5', '--json', 'out.json', '--rows=idle', '--contenders', 'ws'];
    expect(parseArguments(args)).toEqual({
      kind: 'run',
      options: { rounds: 3, seconds: 0.5, rows: ['idle'], contenders: ['ws'], json: 'out.json', write: false },
    });
  });

  it('keeps rows and contenders in the order of the table', () => {
    expect(parseArguments(['--rows', 'idle, echo-64', '--contenders', 'ws,serval'])).toMatchObject({
      options: { rows: ['echo-64', 'idle'], contenders: ['serval', 'ws'] },
    });
  });

  it.each([
    [['--rounds', '0'], '--rounds'],
    [['--rounds', '1.5'], '--rounds'],
    [['--rounds'], '--rounds'],
    [['--seconds', 'two'], '--seconds'],
    [['--seconds', '0'], '--seconds'],
    [['--json='], '--json'],
    [['--rows', 'echo-65'], 'there is no "echo-65"; there are echo-64, '],
    [['--contenders', 'jetty'], 'there is no "jetty"; there are serval, '],
    [['--round', '2'], 'no option --round.'],
    [['quick'], 'no option quick.'],
    [['--write', '--rows', 'idle'], '--write takes every row'],
    [['--contenders=ws', '--write'], '--write takes every row'],
  ])('refuses %j', (args, message) => {
    expect(parseArguments(args)).toEqual({ kind: 'mistake', message: expect.stringContaining(message) });
  });

  it('shows a help that names every option, row and contender', () => {
    expect(parseArguments(['--rounds', '3', '--help'])).toEqual({ kind: 'help' });
    const options = ['--rounds', '--seconds', '--rows', '--contenders', '--json', '--write', '--help'];
    for (const name of [...options, ...EVERY_ROW, ...CONTENDER_IDS]) expect(HELP).toContain(name);
  });
});

describe('rows', () => {
  it('have distinct ids', () => expect(new Set(EVERY_ROW).size).toBe(ROWS.length));
});
