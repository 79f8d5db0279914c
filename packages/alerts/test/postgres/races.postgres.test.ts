import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CommitUnit, StoreSession } from '../../src/store.ts';
import { alert, change, claim, delivered, failed, message, read, unit } from '../store-contract.ts';
import { useAlertsDatabase, watched } from './setup.ts';

const { db, open, value } = useAlertsDatabase();

/** Shuffled by a fixed rule, so that each racer has its own order. */
function inOrderOf<T>(racer: number, all: readonly T[]): T[] {
  return all
    .map((one, at) => ({ one, rank: (at * 7 + racer * 13) % 31 }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

it('has one winner of each of 300 crossings that 8 replicas race for', async () => {
  const keys = Array.from({ length: 10 }, (_, at) => `s:${at}`);
  const crossings = 30;
  const won: string[] = [];
  const race = async (session: StoreSession, racer: number): Promise<void> => {
    for (;;) {
      const { documents } = await read(session, keys);
      const versions = new Map(documents.map(({ key, version }) => [key, version]));
      const left = keys.filter((key) => (versions.get(key) ?? 0) < crossings);
      if (left.length === 0) return;
      const units = inOrderOf(racer, left).map((key) => {
        const version = versions.get(key) ?? 0;
        const id = `${key}#${version}`;
        return {
          id,
          unit: unit({
            documents: [change(key, version)],
            messages: [message(`${id}@${racer}`, { group: key })],
            alerts: [alert(id)],
          }),
        };
      });
      const { isApplied } = await session.commit(units.map((one) => one.unit));
      won.push(...units.flatMap(({ id }, at) => (isApplied[at] === true ? [id] : [])));
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, racer) => race(open(), racer)));
  expect(won).toHaveLength(300);
  expect(new Set(won).size).toBe(300);
  const stored = `select count(*)::int from (
    select distinct split_part(id, '@', 1) from ops_alerts_messages) as crossings`;
  expect(await value(stored)).toBe(300);
  expect(await value('select count(*)::int from ops_alerts_messages')).toBe(300);
  expect(await value('select count(*)::int from ops_alerts_history')).toBe(300);
});

it('has no deadlock between units that overlap in any order', async () => {
  const keys = Array.from({ length: 12 }, (_, at) => `d${at}`);
  const channels = ['ops', 'mail', 'pager'];
  const pools = Array.from({ length: 8 }, () => watched(db.pool({ max: 2 })));
  let appliedCount = 0;
  const units = fc.sample(
    fc.record({
      keys: fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 6 }),
      channel: fc.constantFrom(...channels),
      isSettling: fc.boolean(),
    }),
    8 * 20 * 3,
  );
  const work = async (session: StoreSession, racer: number): Promise<void> => {
    for (let round = 0; round < 20; round += 1) {
      const mine = units.slice((racer * 20 + round) * 3).slice(0, 3);
      const { documents } = await read(session, keys);
      const versions = new Map(documents.map(({ key, version }) => [key, version]));
      const changes: CommitUnit[] = [];
      for (const { keys: some, channel, isSettling } of mine) {
        const held = isSettling ? await claim(session, { channel }) : undefined;
        const ids = [`${racer}.${round}.${changes.length}`, `${channel} of all`];
        changes.push(
          unit({
            documents: some.map((key) => change(key, versions.get(key) ?? 0)),
            messages: ids.map((id) => message(id, { channel })),
            alerts: some.map((key) => alert(key)),
            settle: held === undefined ? undefined : failed(held),
          }),
        );
      }
      const { isApplied } = await session.commit(changes);
      appliedCount += isApplied.filter(Boolean).length;
    }
  };
  await Promise.all(pools.map(({ pool }, racer) => work(open({ pool }), racer)));
  expect(pools.flatMap(({ states }) => states)).toEqual([]);
  expect(appliedCount).toBeGreaterThan(20);
  const sum = await value('select sum(version)::int from ops_alerts_documents');
  expect(sum).toBeGreaterThan(appliedCount);
});

it('loses no commit under an isolation level that gives up instead of waiting', async () => {
  const config = { options: `-c default_transaction_isolation=serializable`, max: 1 };
  const pools = Array.from({ length: 6 }, () => watched(db.pool(config)));
  const sessions = pools.map(({ pool }) => open({ pool }));
  for (let version = 0; version < 20; version += 1) {
    const answers = await Promise.all(
      sessions.map((session) => session.commit([unit({ documents: [change('s:a', version)] })])),
    );
    expect(answers.filter(({ isApplied }) => isApplied[0] === true)).toHaveLength(1);
  }
  const states = pools.flatMap((one) => one.states);
  expect(states.every((state) => state === '40001')).toBe(true);
});

it('overwrites no document that was removed and made anew behind its back', async () => {
  const [slow, quick] = [open(), open()];
  await quick.commit([unit({ documents: [change('g:a', 0, 'old')] })]);
  const { documents } = await read(slow, ['g:a']);
  expect(documents).toMatchObject([{ version: 1, value: 'old' }]);
  const gone = { key: 'g:a', version: 1, value: undefined, dueAtMs: undefined };
  await quick.commit([unit({ documents: [gone] })]);
  await quick.commit([unit({ documents: [change('g:a', 0, 'new')] })]);
  const late = await slow.commit([unit({ documents: [change('g:a', 1, 'from the old')] })]);
  expect(late.isApplied).toEqual([false]);
  expect((await read(slow, ['g:a'])).documents).toMatchObject([{ version: 1, value: 'new' }]);
  const next = await slow.commit([unit({ documents: [change('g:a', 1, 'newer')] })]);
  expect(next.isApplied).toEqual([true]);
  // Whoever made it knows it, too.
  await slow.commit([unit({ documents: [{ ...gone, version: 2 }] })]);
  await slow.commit([unit({ documents: [change('g:a', 0)] })]);
  const stale = await quick.commit([unit({ documents: [change('g:a', 1, 'stale')] })]);
  expect(stale.isApplied).toEqual([false]);
});

it('never has two messages of a channel in flight, and keeps the order of each group', async () => {
  const producer = open();
  const ids = Array.from({ length: 80 }, (_, at) => ({ id: String(at), group: `g:${at % 7}` }));
  for (let start = 0; start < ids.length; start += 20) {
    const messages = ids.slice(start, start + 20).map(({ id, group }) => message(id, { group }));
    await producer.commit([unit({ messages })]);
  }
  let inFlight = 0;
  let most = 0;
  const sent: { readonly id: string; readonly group: string }[] = [];
  const dispatch = async (session: StoreSession): Promise<void> => {
    while (sent.length < ids.length) {
      const claimed = await claim(session);
      if (claimed === undefined) continue;
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      sent.push({ id: claimed.id, group: claimed.group });
      inFlight -= 1;
      expect(await session.settle(delivered(claimed))).toEqual({ isHeld: true });
    }
  };
  await Promise.all(Array.from({ length: 4 }, () => dispatch(open())));
  expect(most).toBe(1);
  expect(sent).toHaveLength(80);
  expect(sent.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(ids);
  for (let at = 0; at < 7; at += 1) {
    const order = sent.flatMap(({ id, group }) => (group === `g:${at}` ? [Number(id)] : []));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
});
