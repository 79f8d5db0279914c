/*
 * A process that archives until it is killed. It prints a line before each step, so that whoever
 * started it can choose where to kill it. In each batch, in this order: `picked` (before the rows are
 * deleted), `taken`, `write` and `datasync` (files only), `stored` (before the manifest), `manifest`
 * (before the history), `recorded`, `commit`, `committed`. Of a file: `create`, `rename`.
 *
 *   node kill-process.ts <url> <schema> table | <directory> [<step> <number>]
 *
 * `started` comes before all of them. With a step it stops for good at that step's n-th time: the line `stopped` is printed, and the
 * event loop is blocked. Without one it runs through and prints `done` and the report as JSON.
 */
import pg from 'pg';
import { createFileTarget } from '../../src/archive/to-files.ts';
import { toTable } from '../../src/archive/to-table.ts';
import { createCleanup } from '../../src/index.ts';
import { interceptedPool } from '../intercepted-pool.ts';
import { faultyFileSystem } from './faulty-file-system.ts';

const [url = '', schema = '', target = '', stopStep, stopNumber = '1'] = process.argv.slice(2);
let left = Number(stopNumber);

function reached(step: string): void {
  process.stdout.write(`${step}\n`);
  if (step !== stopStep) return;
  left -= 1;
  if (left > 0) return;
  process.stdout.write('stopped\n');
  // Nothing else happens in here until it is killed.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

let isBatch = false;

/** The step before a statement, told by its text. Only transactions that archive are told of. */
function stepOf(text: string): string | undefined {
  if (text.startsWith('begin')) isBatch = false;
  if (text === 'commit' && isBatch) return 'commit';
  if (text.includes('ops_cleanup_gone_0 as') && !text.startsWith('explain')) {
    isBatch = true;
    return 'picked';
  }
  if (text.includes('insert into') && text.includes('.manifest')) return 'stored';
  if (/update .*policy_runs[^]*cursor/.test(text)) return 'manifest';
  return undefined;
}

const AFTER: Readonly<Record<string, string>> = {
  picked: 'taken',
  manifest: 'recorded',
  commit: 'committed',
};

const pool = new pg.Pool({
  connectionString: url,
  options: `-c search_path=${schema}`,
  max: 2,
});
pool.on('error', () => {});
const watched = interceptedPool(pool, async (text, run) => {
  const step = stepOf(text);
  if (step !== undefined) reached(step);
  const result = await run();
  const after = step === undefined ? undefined : AFTER[step];
  if (after !== undefined) reached(after);
  return result;
});
const archive =
  target === 'table'
    ? toTable('archived_rows')
    : createFileTarget(
        { directory: target, maxFileBytes: 4_000 },
        faultyFileSystem({
          before(step) {
            reached(step);
          },
        }),
      );
const cleanup = createCleanup({
  pool: watched,
  history: { schema },
  pace: { dutyCycle: 1, maxBatch: 20, lockTimeout: '500ms' },
  policies: {
    rows: {
      table: 'rows',
      olderThan: { column: 'at', age: '90d' },
      safety: { maxShare: 1 },
      archive,
    },
  },
});
process.stdout.write('started\n');
const report = await cleanup.run();
process.stdout.write(`done\n${JSON.stringify(report)}\n`);
await pool.end();
