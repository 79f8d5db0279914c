import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readQueries } from '../../src/cli/query-file.ts';
import { useFolder } from '../folder.ts';

const folder = useFolder();

test('each statement of a .sql file is a query, named by the comment above it', async () => {
  await folder.write({
    'q.sql':
      '\uFEFF-- name: recent runs \r\nselect * from runs\r\n  order by id;\n\nselect 1; -- name: not this\nselect 2',
  });
  expect(await readQueries(join(folder.path, 'q.sql'))).toEqual([
    { name: 'recent runs', text: 'select * from runs\n  order by id' },
    { name: 'line 5', text: 'select 1' },
    { name: 'not this', text: 'select 2' },
  ]);
});

test('.json is taken as it is', async () => {
  const queries = [{ name: 'a', text: 'select $1', values: [1] }];
  await folder.write({ 'q.json': JSON.stringify(queries) });
  expect(await readQueries(join(folder.path, 'q.json'))).toEqual(queries);
});

test.each([
  ['q.json', '{', 'is no JSON'],
  ['q.json', '{}', 'is no list of'],
  ['q.sql', '-- nothing', 'has no statement'],
])('%s with %s is refused', async (name, text, message) => {
  await folder.write({ [name]: text });
  await expect(readQueries(join(folder.path, name))).rejects.toThrow(message);
});

test('a file that is not there is refused', async () => {
  await expect(readQueries(join(folder.path, 'none.sql'))).rejects.toThrow('(ENOENT)');
});
