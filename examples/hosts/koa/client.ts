import { talk } from '../talk';

// npm run example -- hosts/koa client [server]
void talk();
