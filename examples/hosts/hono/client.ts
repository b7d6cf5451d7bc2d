import { talk } from '../talk';

// npm run example -- hosts/hono client [server]
void talk();
