import type { Results } from '../src/results';
import { CPU, GROWTH, HEAP, RATE, RESIDENT } from '../src/rows';

/** The results of a run that never was. */
export const FIXED_RESULTS: Results = {
  date: '2026-01-31',
  rounds: 3,
  seconds: 2,
  machine: { cpu: 'Test & Co', cores: 2, memoryGib: 8, kernel: 'Linux 6.1', node: '20.19.0', loadBefore: 0.25 },
  contenders: [
    { id: 'serval', name: 'Serval', version: '0.1.0' },
    { id: 'ws', name: 'ws', version: '8.23.0' },
    { id: 'tomcat', name: 'Tomcat', version: '10.1.60' },
  ],
  rows: [
    {
      id: 'echo-64',
      samples: {
        serval: [messages(4, 200_000), messages(6, 150_000), messages(5, 210_000)],
        ws: [messages(10, 98_765), messages(11, 90_000), messages(9, 99_999)],
        tomcat: [messages(20, 50_000), messages(20, 50_000), messages(20, 50_000)],
      },
    },
    { id: 'echo-16k-binary', samples: { serval: [messages(12.345, 70_000)], ws: [messages(24.69, 35_000)] } },
    {
      id: 'idle',
      samples: {
        serval: [{ [HEAP]: 3.7, [RESIDENT]: 12.5 }],
        ws: [{ [HEAP]: 2.8, [RESIDENT]: 9.999 }],
      },
    },
    { id: 'upload', samples: { serval: [{ [GROWTH]: 20 }] } },
  ],
};

function messages(cpu: number, rate: number) {
  return { [CPU]: cpu, [RATE]: rate };
}
