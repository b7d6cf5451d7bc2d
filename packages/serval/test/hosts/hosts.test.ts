import { describeHost } from './hosts';

// The other frameworks are in frameworks.test.ts.
describeHost('http');
describeHost('express');
