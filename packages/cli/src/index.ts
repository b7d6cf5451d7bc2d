export { main } from './main';
export { processTerminal } from './terminal';

export type { Terminal } from './terminal';
