// `serval/testing`: tools for tests of endpoints, and the contract that every transport keeps.
export * from '@serval/testing';
