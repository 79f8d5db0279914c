// What "is there anything to do" costs at least: history and folder, compared by hand.
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { finish } from './finish.mjs';

const [url, folder = '', how] = process.argv.slice(2);

/** @type {Record<string, () => Promise<[string, string][]>>} */
const readers = {
  sync: async () => {
    const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
    return names.map((name) => [name, hash('sha256', readFileSync(join(folder, name)))]);
  },
  concurrent: async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.sql'));
    return Promise.all(
      names.map(async (name) => [name, hash('sha256', await readFile(join(folder, name)))]),
    );
  },
};

await finish(async () => {
  const client = new pg.Client({ connectionString: url });
  const connecting = client.connect();
  const asking = client.query(
    'select version, name, raw_hash from ops.migrations where applied_at is not null',
  );
  const [files, { rows }] = await Promise.all([readers[how ?? '']?.() ?? [], asking, connecting]);
  const applied = new Map(rows.map((row) => [`${row.version}_${row.name}`, row.raw_hash]));
  const pending = files.filter(
    ([name, digest]) => applied.get(name.replace(/^0+/, '').slice(0, -4)) !== digest,
  );
  await client.end();
  return pending.length;
});
