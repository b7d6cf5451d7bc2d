import { describeHost, describeHttp2Host, describeTwoHosts } from '../hosts';

describeHost('fastify');
describeHost('koa');
describeHost('hono');
describeTwoHosts();
describeHttp2Host('fastify');
describeHttp2Host('koa');
describeHttp2Host('hono');
