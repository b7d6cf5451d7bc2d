import { talk } from '../talk';

// npm run example -- hosts/express client [server]
void talk();
