import { afterReads, Deadline, pause, Timer } from '@serval/api/spi';

const LONGEST_TURN_MS = 2 ** 31 - 1;

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('Timer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test.each([LONGEST_TURN_MS - 1, LONGEST_TURN_MS, LONGEST_TURN_MS + 0.5, 2 ** 31, 2 ** 33, 2 ** 40])(
    'fires once after %d ms and not earlier',
    (milliseconds) => {
      const fired = jest.fn();
      new Timer(milliseconds, fired);
      for (let left = milliseconds - 1; left > 0; left -= LONGEST_TURN_MS)
        jest.advanceTimersByTime(Math.min(left, LONGEST_TURN_MS));
      expect(fired).not.toHaveBeenCalled();
      jest.advanceTimersByTime(2);
      expect(fired).toHaveBeenCalledTimes(1);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  test.each([Infinity, NaN])('never fires after %d ms', (milliseconds) => {
    new Timer(milliseconds, jest.fn());
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([0, -5, -Infinity])('fires at once after %d ms', (milliseconds) => {
    const fired = jest.fn();
    new Timer(milliseconds, fired);
    jest.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  });

  test('can be cleared in any turn', () => {
    const fired = jest.fn();
    const timer = new Timer(2 ** 33, fired);
    jest.advanceTimersByTime(LONGEST_TURN_MS + 5);
    timer.clear();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('Deadline', () => {
  test('that is late lets pending data be read first', async () => {
    const lines: string[] = [];
    await new Promise((resolve) => setImmediate(resolve));
    const passed = new Promise<void>((resolve) => {
      new Deadline(20, () => {
        lines.push('judged');
        resolve();
      });
    });
    afterReads(() => lines.push('read'));
    block(100);
    await passed;
    expect(lines).toEqual(['read', 'judged']);
  });

  test('does not fire if it was cleared during the grace period', async () => {
    const judged = jest.fn();
    await new Promise((resolve) => setImmediate(resolve));
    const deadline = new Deadline(20, judged);
    afterReads(() => deadline.clear());
    block(100);
    await pause(150);
    expect(judged).not.toHaveBeenCalled();
  });

  test('fires even if every turn of the event loop is slow', async () => {
    let isOver = false;
    const turn = (): void => {
      block(30);
      if (!isOver) setImmediate(turn);
    };
    turn();
    await new Promise<void>((resolve) => void new Deadline(20, resolve));
    isOver = true;
  });
});

describe('pause', () => {
  test('rejects with the signal’s reason when it aborts', async () => {
    const giveUp = new AbortController();
    const pausing = pause(2 ** 40, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(pausing).rejects.toThrow('enough');
    await expect(pause(1, giveUp.signal)).rejects.toThrow('enough');
  });
});
