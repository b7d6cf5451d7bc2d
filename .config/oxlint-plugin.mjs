// Rules of ESLint that oxlint does not have, or has with less; oxlint runs them as ESLint wrote them.
import tseslint from 'typescript-eslint';
import { builtinRules } from 'eslint/use-at-your-own-risk';

export default {
  meta: { name: 'serval' },
  rules: {
    'max-lines': builtinRules.get('max-lines'),
    'no-restricted-syntax': builtinRules.get('no-restricted-syntax'),
    // It asks the parser whether decorators emit metadata: an import that a decorated file names as a type may then be needed.
    'consistent-type-imports': withDecorators(tseslint.plugin.rules['consistent-type-imports']),
  },
};

function withDecorators(rule) {
  const nodes = new WeakMap();
  const parserServices = {
    program: null,
    esTreeNodeToTSNodeMap: nodes,
    tsNodeToESTreeNodeMap: nodes,
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    isolatedModules: true,
  };
  return {
    ...rule,
    create(context) {
      const sourceCode = Object.create(context.sourceCode, { parserServices: { value: parserServices } });
      return rule.create(Object.create(context, { sourceCode: { value: sourceCode } }));
    },
  };
}
