export { Project } from './project';
export { packDependencies, packServal } from './tarballs';
export { runTool } from './tool';

export type { PackedServal } from './tarballs';
export type { ToolOptions, ToolRun } from './tool';
