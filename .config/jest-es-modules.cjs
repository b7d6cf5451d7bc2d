'use strict';
// Jest cannot require an ES module: this makes a CommonJS module of one. Not ts-jest, whose output breaks classes of jose.
const ts = require('typescript');

const compilerOptions = { allowJs: true, module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };

module.exports = {
  process: (code, fileName) => ({ code: ts.transpileModule(code, { fileName, compilerOptions }).outputText }),
};
