import { talk } from '../talk';

// npm run example -- hosts/nestjs client [server]
void talk();
