export { Project } from './project';
export { packDependencies, packPackages } from './tarballs';
export { runTool } from './tool';

export type { ToolOptions, ToolRun } from './tool';
