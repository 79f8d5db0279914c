import { setTimeout } from 'node:timers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openTraceDatabase, type TraceDatabase } from '../../../src/lint/trace/database.ts';
import { replayFiles } from '../../../src/lint/trace/replay.ts';
import { describeReplay, filesOf } from './conformance.ts';

// PGlite takes 2 to 4 s to start, and more while other files are tested.
vi.setConfig({ hookTimeout: 60_000, testTimeout: 30_000 });

// PostgreSQL in PGlite has a timer for its statistics, which ends when it is closed: after all tests,
// not after each. `trace.long.test.ts` shows that it does end.
const watched = globalThis.setTimeout;
let database: TraceDatabase;
beforeAll(async () => {
  globalThis.setTimeout = setTimeout;
  database = await openTraceDatabase([]);
});
afterAll(async () => {
  await database.close();
  globalThis.setTimeout = watched;
});

describeReplay(() => database);

test('says which server it was', async () => {
  const { serverVersion } = await replayFiles(database, filesOf([]), {});
  expect(serverVersion).toMatch(/^18\.\d+ \(PGlite \d+\.\d+\.\d+\)$/);
});
