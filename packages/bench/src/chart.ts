import { formatRatio } from './figures';
import { rowsWith } from './page';
import { advantage, type ContenderId, type ContenderInfo, figureOf, type Results } from './results';
import { CPU } from './rows';

const WIDTH = 940;
const LEFT = 372;
const RIGHT = 70;
const TOP = 92;
const BAR = 15;
const GAP = 3;
const GROUP_GAP = 18;

interface Bar {
  readonly contender: ContenderId;
  readonly name: string;
  readonly ratio: number;
  /** The ratios of the cheapest and the most expensive round to the median of ws. */
  readonly from: number;
  readonly to: number;
}

/**
 * A bar for each contender and row: messages per second of CPU time, as a multiple of plain ws, on a logarithmic scale on
 * which twice and half are equally far from ws. A thin line shows the range of the rounds.
 */
export function formatChart(results: Results): string {
  const groups = rowsWith(results, CPU)
    .map(({ id, title }) => ({ title, bars: results.contenders.flatMap((contender) => barOf(results, id, contender)) }))
    .filter(({ bars }) => bars.length > 0);
  const scale = scaleOf(groups.flatMap(({ bars }) => bars.flatMap(({ ratio, from, to }) => [ratio, from, to])));
  let y = TOP;
  const body = groups.map(({ title, bars }) => {
    const height = bars.length * (BAR + GAP) - GAP;
    const lines = [
      `<text x="${LEFT - 12}" y="${y + height / 2 + 4.5}" text-anchor="end">${escape(title)}</text>`,
      ...bars.map((bar, index) => formatBar(bar, y + index * (BAR + GAP), scale)),
    ];
    y += height + GROUP_GAP;
    return lines.join('\n  ');
  });
  const bottom = y - GROUP_GAP + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 26}" width="${WIDTH}" height="${bottom + 26}" role="img" aria-labelledby="title desc">
  <title id="title">Messages per second of CPU time, compared with plain ws</title>
  <desc id="desc">${escape(describe(groups))}</desc>
  <style>${STYLE}</style>
  <rect class="page" width="100%" height="100%" rx="6"/>
  <text class="head" x="20" y="30">Messages per second of CPU time, plain ws = 1x; more is better</text>
  ${formatLegend(results.contenders)}
  ${scale.ticks.map((tick) => formatTick(tick, scale, bottom)).join('\n  ')}
  ${body.join('\n  ')}
</svg>
`;
}

const STYLE = `
    text { font-family: "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; font-size: 13px; fill: #1f2933; }
    .head { font-size: 16px; font-weight: 600; }
    .small { font-size: 11.5px; fill: #52606d; }
    .page { fill: #ffffff; }
    .grid { stroke: #d5dbe1; }
    .one { stroke: #52606d; stroke-width: 1.5; }
    .range { stroke: #1f2933; stroke-width: 1; }
    .serval { fill: #2f7d4f; }
    .nestjs { fill: #c8475d; }
    .socketio { fill: #7a828b; }
    .tomcat { fill: #c99a2e; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb; }
      .small { fill: #9aa5b1; }
      .page { fill: #12171d; }
      .grid { stroke: #323f4b; }
      .one { stroke: #9aa5b1; }
      .range { stroke: #e4e7eb; }
      .serval { fill: #46a76c; }
    }
  `;

function barOf(results: Results, row: string, { id, name }: ContenderInfo): readonly Bar[] {
  const ratio = advantage(results, row, CPU, id, 'ws');
  const own = figureOf(results, row, id, CPU);
  const ws = figureOf(results, row, 'ws', CPU);
  if (id === 'ws' || ratio === undefined || own === undefined || ws === undefined) return [];
  return [{ contender: id, name, ratio, from: ws.median / own.max, to: ws.median / own.min }];
}

interface Scale {
  readonly ticks: readonly number[];
  readonly x: (ratio: number) => number;
}

/** From the power of two below the smallest ratio to the one above the largest, 1x always among them. */
function scaleOf(ratios: readonly number[]): Scale {
  const finite = ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0);
  const low = Math.min(-1, Math.floor(Math.log2(Math.min(1, ...finite))));
  const high = Math.max(1, Math.ceil(Math.log2(Math.max(1, ...finite))));
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 2 ** (low + index)),
    x: (ratio) => {
      const place = Number.isFinite(ratio) && ratio > 0 ? Math.log2(ratio) : high;
      return round(LEFT + ((place - low) / (high - low)) * (WIDTH - LEFT - RIGHT));
    },
  };
}

function formatTick(tick: number, { x }: Scale, bottom: number): string {
  const at = x(tick);
  const line = `<line class="${tick === 1 ? 'one' : 'grid'}" x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${bottom}"/>`;
  const label = tick === 1 ? 'ws' : tick < 1 ? `1/${1 / tick}x` : `${tick}x`;
  return `${line}<text class="small" x="${at}" y="${bottom + 16}" text-anchor="middle">${label}</text>`;
}

function formatBar({ contender, ratio, from, to }: Bar, y: number, { x }: Scale): string {
  const one = x(1);
  const end = x(ratio);
  const middle = y + BAR / 2;
  const label = Math.max(end, x(to), one) + 6;
  return [
    `<rect class="${contender}" x="${Math.min(one, end)}" y="${y}" width="${round(Math.abs(end - one))}" height="${BAR}"/>`,
    `<line class="range" x1="${x(from)}" x2="${x(to)}" y1="${middle}" y2="${middle}"/>`,
    `<text class="small" x="${label}" y="${y + BAR - 3.5}">${formatRatio(ratio)}</text>`,
  ].join('');
}

function formatLegend(contenders: readonly ContenderInfo[]): string {
  return contenders
    .filter(({ id }) => id !== 'ws')
    .map(({ id, name }, index) => {
      const x = 20 + index * 110;
      return `<rect class="${id}" x="${x}" y="46" width="14" height="14"/><text x="${x + 20}" y="58">${escape(name)}</text>`;
    })
    .join('\n  ');
}

function describe(groups: readonly { readonly title: string; readonly bars: readonly Bar[] }[]): string {
  return groups
    .map(({ title, bars }) => `${title}: ${bars.map(({ name, ratio }) => `${name} ${formatRatio(ratio)}`).join(', ')}`)
    .join('. ');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
