import { describeHost, describeHttp2Host } from './hosts';

// The other frameworks are in frameworks.test.ts.
describeHost('http');
describeHost('express');
describeHttp2Host('http');
