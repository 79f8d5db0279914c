import { runner } from 'node-pg-migrate';
import { finish } from './finish.mjs';

const [databaseUrl = '', dir = '', ...flags] = process.argv.slice(2);
await finish(async () => {
  const applied = await runner({
    databaseUrl,
    dir,
    direction: 'up',
    migrationsTable: 'pgmigrations',
    singleTransaction: flags.includes('single'),
    advisoryLockMode: flags.includes('wait') ? 'wait' : 'fail',
    log: () => {},
  });
  return applied.length;
});
