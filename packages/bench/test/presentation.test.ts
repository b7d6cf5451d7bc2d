import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatChart } from '../src/chart';
import { formatFigure, formatRatio, formatSummary } from '../src/figures';
import { BEGIN, END, formatResults, replaceResults } from '../src/page';
import { formatTerminalTable } from '../src/terminal-table';
import { FIXED_RESULTS } from './fixed-results';

const ROOT = join(__dirname, '..', '..', '..');

describe('figures', () => {
  it.each([
    [0.614, '0.61'],
    [9.999, '10.0'],
    [12.34, '12.3'],
    [123.4, '123'],
    [999.6, '1,000'],
    [98_765, '98,800'],
  ])('%d has three digits', (value, text) => expect(formatFigure(value)).toBe(text));

  it('show a range only if there is one', () => {
    expect(formatSummary({ median: 5, min: 4, max: 6 })).toBe('5.00 (4.00-6.00)');
    expect(formatSummary({ median: 5, min: 5, max: 5 })).toBe('5.00');
    expect(formatSummary(undefined)).toBe('-');
    expect(formatRatio(undefined)).toBe('-');
  });
});

describe('the table on the terminal', () => {
  it('has a line for each figure and a column for each contender', () => {
    const lines = formatTerminalTable(FIXED_RESULTS).split('\n');
    expect(lines[0]).toMatch(/^ +Serval +ws +Tomcat$/);
    expect(lines[1]).toBe('echo, 64 B text, 1 in flight');
    expect(lines[2]).toMatch(/^ {2}CPU µs per message +5\.00 \(4\.00-6\.00\) +10\.0 \(9\.00-11\.0\) +20\.0$/);
    expect(lines[3]).toMatch(
      /^ {2}messages per second +200,000 \(150,000-210,000\) +98,800 \(90,000-100,000\) +50,000$/,
    );
    expect(lines[5]).toMatch(/^ {2}CPU µs per message +12\.3 +24\.7 +-$/);
    expect(new Set(lines.filter((line) => /^ /.test(line)).map((line) => line.length)).size).toBe(1);
  });
});

describe('the page', () => {
  const section = formatResults(FIXED_RESULTS);

  it('lists the machine, the versions and the amount measured', () => {
    expect(section).toContain('| machine | Test & Co, 2 cores, 8 GiB, Linux 6.1 |');
    expect(section).toContain('| contenders | Serval 0.1.0, ws 8.23.0, Tomcat 10.1.60 |');
    expect(section).toContain('| measured | 3 rounds of 2 s for each cell |');
  });

  it('has medians with their ranges, and ratios to ws and Tomcat', () => {
    expect(section).toContain('| echo, 64 B text, 1 in flight | 5.00 (4.00-6.00) | 10.0 (9.00-11.0) | 20.0 |');
    expect(section).toContain('|  | Serval : ws | Tomcat : ws | Serval : Tomcat |');
    expect(section).toContain('| echo, 64 B text, 1 in flight | 2.00x | 0.50x | 4.00x |');
    expect(section).toContain('| echo, 16 KiB binary, 1 in flight | 2.00x | - | - |');
    expect(section).toContain('| 2,000 idle sessions: resident KiB per session | 12.5 | 10.0 | - |');
  });

  it('has no column for a contender that did not run', () => {
    const contenders = FIXED_RESULTS.contenders.filter(({ id }) => id !== 'tomcat');
    expect(formatResults({ ...FIXED_RESULTS, contenders })).not.toContain('Tomcat');
  });

  it('changes only between its markers, also when it is written twice', () => {
    const page = `# Title\n\n${BEGIN}\nold\n${END}\n\nrest\n`;
    const once = replaceResults(page, section);
    expect(once).toBe(`# Title\n\n${BEGIN}\n\n${section}\n\n${END}\n\nrest\n`);
    expect(replaceResults(once, section)).toBe(once);
  });

  it.each(['', BEGIN, `${END}\n${BEGIN}`, `${BEGIN}${BEGIN}${END}`])('throws without its markers: %j', (page) => {
    expect(() => replaceResults(page, section)).toThrow('The page must have');
  });

  it('in the documentation has the markers', () => {
    expect(() => replaceResults(readFileSync(join(ROOT, 'docs/performance.md'), 'utf8'), section)).not.toThrow();
  });
});

describe('the chart', () => {
  const chart = formatChart(FIXED_RESULTS);

  it('has a bar for every contender except ws, on the faster or slower side of ws', () => {
    expect(chart.match(/<rect class="serval"/g)).toHaveLength(3); // one of them in the legend
    expect(chart.match(/<rect class="tomcat"/g)).toHaveLength(2);
    const one = Number(/class="one" x1="([\d.]+)"/.exec(chart)?.[1]);
    expect(chart).toContain(`<rect class="serval" x="${one}"`);
    const [, start, width] =
      /<rect class="tomcat" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="15"/.exec(chart) ?? [];
    expect(Number(start) + Number(width)).toBeCloseTo(one, 1);
  });

  it('has a text alternative', () => {
    expect(chart).toContain('echo, 64 B text, 1 in flight: Serval 2.00x, Tomcat 0.50x.');
  });

  it('can be drawn without figures, and without an infinite range', () => {
    expect(formatChart({ ...FIXED_RESULTS, rows: [] })).toContain('</svg>');
    const samples = { serval: [{ cpuMicros: 0 }, { cpuMicros: 1 }, { cpuMicros: 1 }], ws: [{ cpuMicros: 1 }] };
    expect(formatChart({ ...FIXED_RESULTS, rows: [{ id: 'echo-64', samples }] })).not.toMatch(/NaN|Infinity/);
  });

  it('has colours for dark pages', () => expect(chart).toContain('prefers-color-scheme: dark'));
});
