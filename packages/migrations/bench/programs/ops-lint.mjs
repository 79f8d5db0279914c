import { directory } from '@ops/migrations';
import { lint } from '@ops/migrations/lint';
import { finish } from './finish.mjs';

const [folder = ''] = process.argv.slice(2);
await finish(async () => {
  const { findings } = await lint({ sources: [directory(folder)] });
  return findings.map(({ rule }) => rule);
});
