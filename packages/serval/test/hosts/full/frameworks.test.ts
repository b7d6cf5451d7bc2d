import { describeHost, describeTwoHosts } from '../hosts';

describeHost('fastify');
describeHost('koa');
describeHost('hono');
describeTwoHosts();
