import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as parser from 'libpg-query';
import { finish } from './finish.mjs';

const [folder = ''] = process.argv.slice(2);
await finish(async () => {
  await parser.loadModule();
  let count = 0;
  for (const name of readdirSync(folder)) {
    count += parser.parseSync(readFileSync(join(folder, name), 'utf8')).stmts?.length ?? 0;
  }
  return count;
});
