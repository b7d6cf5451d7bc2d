'use strict';
// Prints the coverage in one line, as `coverage: 97.31 % of lines, 93.52 % of branches`. Istanbul creates and executes it.
module.exports = class CoverageLine {
  execute(context) {
    const { lines, branches } = context.getTree('flat').getRoot().getCoverageSummary().toJSON();
    console.log(`coverage: ${lines.pct} % of lines, ${branches.pct} % of branches`);
  }
};
