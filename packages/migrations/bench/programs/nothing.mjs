import { finish } from './finish.mjs';

await finish(async () => 0);
