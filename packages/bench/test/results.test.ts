import { advantage, figureOf } from '../src/results';
import { CPU } from '../src/rows';
import { summarize } from '../src/statistics';
import { FIXED_RESULTS } from './fixed-results';

describe('summarize', () => {
  it.each([
    [[7], { median: 7, min: 7, max: 7 }],
    [[10, 9, 100], { median: 10, min: 9, max: 100 }],
    [[4, 1, 3, 2], { median: 2.5, min: 1, max: 4 }],
  ])('finds median and range of %j', (samples, summary) => expect(summarize(samples)).toEqual(summary));

  it('does not change the samples', () => {
    const samples = Object.freeze([3, 1, 2]);
    expect(summarize(samples).median).toBe(2);
  });

  it('throws a RangeError without samples', () => expect(() => summarize([])).toThrow(RangeError));
});

describe('figures', () => {
  it('are summaries of the samples of a contender in a row', () => {
    expect(figureOf(FIXED_RESULTS, 'echo-64', 'serval', CPU)).toEqual({ median: 5, min: 4, max: 6 });
  });

  it('are undefined without samples, and so is the advantage', () => {
    expect(figureOf(FIXED_RESULTS, 'echo-16k-binary', 'tomcat', CPU)).toBeUndefined();
    expect(figureOf(FIXED_RESULTS, 'broadcast', 'serval', CPU)).toBeUndefined();
    expect(advantage(FIXED_RESULTS, 'echo-16k-binary', CPU, 'serval', 'tomcat')).toBeUndefined();
  });

  it('are compared by their medians', () => {
    expect(advantage(FIXED_RESULTS, 'echo-64', CPU, 'serval', 'ws')).toBe(2);
    expect(advantage(FIXED_RESULTS, 'echo-64', CPU, 'tomcat', 'ws')).toBe(0.5);
  });
});
