/**
 * Stops the clock of `setInterval` alone, until `jest.advanceTimersByTime` moves it; timeouts, promises and sockets go on.
 * `jest.useRealTimers` ends it.
 */
export function stopIntervals(): void {
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'cancelAnimationFrame',
      'cancelIdleCallback',
      'clearImmediate',
      'clearTimeout',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'requestAnimationFrame',
      'requestIdleCallback',
      'setImmediate',
      'setTimeout',
    ],
  });
}
