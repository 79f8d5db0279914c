import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables } from '../../src/postgres/index.ts';
import { uuid7 } from '../../src/uuid.ts';

const db = useDatabase();
const PROGRAM = fileURLToPath(new URL('./programs/ingest-server.ts', import.meta.url));
const BATCHES = 60;
const EVENTS = 50;
const KILLS = 3;

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(): Promise<Server> {
  const child = spawn(process.execPath, [PROGRAM, db.url, db.schema], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [url] = (await once(lines, 'line')) as [string];
  lines.close();
  return { child, url };
}

async function kill({ child }: Server): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

interface Batch {
  readonly ids: readonly string[];
  readonly body: string;
}

function makeBatch(): Batch {
  const timestamp = new Date().toISOString();
  const events = Array.from({ length: EVENTS }, (_, n) => {
    return { id: uuid7(Date.now()), name: 'ping', timestamp, props: { n } };
  });
  return { ids: events.map(({ id }) => id), body: JSON.stringify({ sentAt: timestamp, events }) };
}

/** The ids that the server says are stored; none when it gives no answer. */
async function send(url: string, { body }: Batch): Promise<readonly string[]> {
  const headers = { authorization: 'Bearer write-key', 'content-type': 'application/json' };
  try {
    const response = await fetch(url, { method: 'POST', headers, body });
    if (response.status !== 200) return [];
    const { results } = (await response.json()) as { results: Record<string, { result: string }> };
    return Object.keys(results).filter((id) => results[id]?.result === 'ok');
  } catch {
    return [];
  }
}

it('what was acknowledged is in the table exactly once, although the server is killed between batches', async () => {
  const pool = db.pool();
  await ensureTables(pool, { schema: db.schema });
  const acknowledged = new Set<string>();
  let server = await start();
  try {
    const batches = Array.from({ length: BATCHES }, makeBatch);
    for (let round = 0; round <= KILLS; round += 1) {
      const open = batches.filter(({ ids }) => ids.some((id) => !acknowledged.has(id)));
      const isLast = round === KILLS;
      let answers = 0;
      let killing: Promise<void> | undefined;
      await Promise.all(
        open.map(async (batch) => {
          for (const id of await send(server.url, batch)) acknowledged.add(id);
          answers += 1;
          // The rest is anywhere between the socket and the commit.
          if (!isLast && answers === 5 * (round + 1)) killing = kill(server);
        }),
      );
      await killing;
      const { rows } = await pool.query<{ id: string }>('select id from app_events');
      const stored = rows.map(({ id }) => id);
      const found = new Set(stored);
      expect(found.size).toBe(stored.length);
      expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
      if (isLast) break;
      // Also one that answered everything before its time had come.
      await kill(server);
      server = await start();
    }
    expect(acknowledged.size).toBe(BATCHES * EVENTS);
    const { rows } = await pool.query('select count(*)::int as n from app_events');
    expect(rows).toEqual([{ n: BATCHES * EVENTS }]);
  } finally {
    await kill(server);
  }
});
