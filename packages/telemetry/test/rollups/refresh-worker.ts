// Started by a test: refreshes, and says when it is within a transaction, where it then stays.
import pg from 'pg';
import { createMetrics } from '../../src/rollups/index.ts';
import { appended, changing } from './executions.ts';

const [, , url, schema = '', mode, statement] = process.argv;
const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}` });
const rollup = mode === 'append' ? appended : changing;
/** Which of the statements that write to stop after: the first marks, the rows, or the state. */
let left = Number(statement);

const metrics = createMetrics({
  schema,
  rollups: [rollup],
  batchRows: 300,
  pool: {
    connect: async () => {
      const client = await pool.connect();
      return {
        query: async (text: string, values?: unknown[]) => {
          const result = await client.query(text, values);
          if (/^(?:delete|update|with)|insert into/.test(text)) left -= 1;
          if (left < 0) {
            process.stdout.write('now\n');
            await new Promise((resolve) => setTimeout(resolve, 600_000));
          }
          return result;
        },
        release: (destroy) => {
          client.release(destroy);
        },
      };
    },
  },
});
for (;;) await metrics.refresh();
