import { test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { expectNothingLost } from './killed-process.ts';

const db = useDatabase();

test('SIGKILL before the batch of a table is committed loses nothing', async () => {
  await expectNothingLost(db, 'table', ['recorded']);
});

test('SIGKILL after a file was written, a batch committed, a file completed loses nothing', async () => {
  await expectNothingLost(db, 'files', ['stored', 'committed', 'rename']);
});
