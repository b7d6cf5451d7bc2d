// `serval/browser`: the client for pages and workers. A bundler for pages finds it under the name `serval` too.
export * from '@serval/browser';
