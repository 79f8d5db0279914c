import { expect, it } from 'vitest';
import { message, unit } from '../store-contract.ts';
import { runReplica } from './run-replica.ts';
import { useAlertsDatabase } from './setup.ts';

const { db, open, value } = useAlertsDatabase();

it('lets 8 processes race for 300 crossings: each is made once', async () => {
  const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
  const ended = await Promise.all(
    names.map((name) => runReplica([db.url, db.schema, 'race', name])),
  );
  expect(ended.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
  const won = ended.flatMap(({ lines }) => lines.map(Number)).toSorted((a, b) => a - b);
  expect(won).toEqual(Array.from({ length: 300 }, (_, version) => version));
  expect(await value('select count(*)::int from ops_alerts_messages')).toBe(300);
  expect(await value('select count(*)::int from ops_alerts_history')).toBe(300);
  const twice = await value(
    `select count(*)::int from ops_alerts_messages group by split_part(id, '@', 1) having count(*) > 1`,
  );
  expect(twice).toBeUndefined();
});

it('loses nothing of 5,000 messages when senders are killed, and keeps the order', async () => {
  const producer = open();
  const all = Array.from({ length: 5_000 }, (_, at) => {
    const id = String(at);
    return message(id, { channel: `channel-${at % 20}`, group: `g:${at % 500}`, payload: id });
  });
  for (let start = 0; start < all.length; start += 500) {
    await producer.commit([unit({ messages: all.slice(start, start + 500) })]);
  }
  const sent: string[] = [];
  let killCount = 0;
  /** Another takes the place of one that is killed, twice each. */
  const dispatcher = async (at: number): Promise<void> => {
    for (let life = 0; ; life += 1) {
      let saidCount = 0;
      const { isKilled, exitCode } = await runReplica(
        [db.url, db.schema, 'dispatch'],
        (line, kill) => {
          sent.push(line);
          saidCount += 1;
          if (life < 2 && saidCount === 100 + at * 37) kill();
        },
      );
      if (!isKilled) {
        if (exitCode !== 0) throw new Error(`a dispatcher ended with exit code ${exitCode}`);
        return;
      }
      killCount += 1;
    }
  };
  await Promise.all(Array.from({ length: 4 }, (_, at) => dispatcher(at)));
  expect(killCount).toBeGreaterThan(4);
  const first = [...new Set(sent)];
  expect(first).toHaveLength(5_000);
  // A killed process had one message of each channel in flight at most.
  expect(sent.length - first.length).toBeLessThanOrEqual(killCount * 20);
  const lastOf = new Map<string, number>();
  for (const line of first) {
    const [channel, group, id] = line.split(' ');
    const place = `${channel} ${group}`;
    expect(Number(id)).toBeGreaterThan(lastOf.get(place) ?? -1);
    lastOf.set(place, Number(id));
  }
  expect(await value('select count(*)::int from ops_alerts_messages')).toBe(0);
  expect(await value('select count(*)::int from ops_alerts_deliveries')).toBe(500);
}, 180_000);
