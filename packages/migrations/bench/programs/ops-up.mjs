import { createMigrator, directory } from '@ops/migrations';
import { finish } from './finish.mjs';

const [url, folder = ''] = process.argv.slice(2);
await finish(async () => {
  const { applied } = await createMigrator({ connection: url, sources: [directory(folder)] }).up();
  return applied.length;
});
