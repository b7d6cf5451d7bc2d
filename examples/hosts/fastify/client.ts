import { talk } from '../talk';

// npm run example -- hosts/fastify client [server]
void talk();
