// A loop by hand: a transaction and a round trip a file, the history row in the same transaction.
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { finish } from './finish.mjs';

const [url, folder = ''] = process.argv.slice(2);
await finish(async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table history (name text primary key, hash text not null)');
  const names = readdirSync(folder).toSorted();
  for (const name of names) {
    const sql = readFileSync(join(folder, name), 'utf8');
    await client.query(
      `begin; ${sql}; insert into history values ('${name}', '${hash('sha256', sql)}'); commit`,
    );
  }
  await client.end();
  return names.length;
});
