/**
 * One replica, as a process of its own: node replica-process.ts <url> <schema> <race | dispatch> <name>.
 * Says on standard output what it did, a line each, before it goes on: what is said is true even of a
 * process that is killed.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '@ops/timeout';
import pg from 'pg';
import { postgresStore } from '../../src/postgres/index.ts';
import type { Claim, StoreSession } from '../../src/store.ts';
import { alert, change, delivered, message, unit } from '../store-contract.ts';

const [url, schema, task, name = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 4 });
pool.on('error', () => {});
const session = postgresStore(pool, { schema }).open({ scope: 'a/test', clock: systemClock });

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Crosses a series' threshold 300 times, against everybody else who tries. */
async function race(to: StoreSession): Promise<void> {
  for (let version = 0; version < 300; ) {
    const id = `alert-${version}`;
    const { isApplied } = await to.commit([
      unit({
        documents: [change('s:a', version), change('g:a', version)],
        messages: [message(`${id}@${name}`)],
        alerts: [alert(id)],
      }),
    ]);
    if (isApplied[0] === true) say(String(version));
    const { documents } = await to.tick({ read: ['s:a'], dueCount: 10, claim: [] });
    version = documents[0]?.version ?? 0;
  }
}

/** Sends what waits in 20 channels until nothing does. */
async function dispatch(to: StoreSession): Promise<void> {
  const channels = Array.from({ length: 20 }, (_, at) => `channel-${at}`);
  const request = { intervalMs: 0, burst: 1, leaseMs: 400 };
  const send = async (claimed: Claim): Promise<void> => {
    for (const id of claimed.ids) say(`${claimed.channel} ${claimed.group} ${id}`);
    await to.settle(delivered(claimed, claimed.id));
  };
  for (;;) {
    const claim = channels.map((channel) => ({ channel, ...request }));
    const { claims, nextDueMs } = await to.tick({ read: [], dueCount: 0, claim });
    await Promise.all(claims.map(send));
    if (claims.length > 0) continue;
    const waiting = await Promise.all(channels.map((channel) => to.waiting(channel, 1)));
    if (nextDueMs === undefined && waiting.every((some) => some.length === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await (task === 'race' ? race(session) : dispatch(session));
await session.close();
await pool.end();
