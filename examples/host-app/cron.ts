// The nightly job: node cron.ts [--accept]. Needs the environment of main.ts.
// A policy that would delete more than its share of a table is refused; --accept plans first,
// shows the plan and runs exactly that. Exit code 1 when a policy did not succeed.
import { parseArgs } from 'node:util';
import { openPool } from './database.ts';
import { configFromEnvironment } from './environment.ts';
import { createOperations } from './operations.ts';

try {
  const { values } = parseArgs({ options: { accept: { type: 'boolean', default: false } } });
  const pool = await openPool(process.env['DATABASE_URL']);
  try {
    const operations = createOperations({ pool, ...configFromEnvironment(process.env) });
    const plan = values.accept ? await operations.cleanup.plan() : undefined;
    if (plan !== undefined) console.log(JSON.stringify(plan, null, 2));
    const report = await operations.cleanup.run({ plan, budget: { time: '20m' } });
    console.log(JSON.stringify(report, null, 2));
    if (!report.ok) process.exitCode = 1;
    await operations.close();
  } finally {
    await pool.end();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
