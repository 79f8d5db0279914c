import { describe, expect, it } from 'vitest';
import type { Alert } from '../src/alert.ts';
import type { Json } from '../src/channel.ts';
import type { Silence } from '../src/silence.ts';
import type {
  Claim,
  CommitUnit,
  DocumentChange,
  NewMessage,
  Settlement,
  StoreSession,
  TickAnswer,
  TickRequest,
} from '../src/store.ts';

/** What a suite gives the contract to work on. */
export interface Subject {
  /** Another replica of the same scope, or of the one that is named. */
  open(scope?: string): StoreSession;
  /** Lets time pass: by the store's own clock, however the suite moves it. */
  pass(ms: number): Promise<void>;
}

export function change(
  key: string,
  version: number,
  value: Json | undefined = { v: version + 1 },
  dueAtMs?: number,
): DocumentChange {
  return { key, version, value, dueAtMs };
}

export function unit(parts: Partial<CommitUnit> = {}): CommitUnit {
  return { documents: [], messages: [], alerts: [], ...parts };
}

export function message(id: string, parts: Partial<NewMessage> = {}): NewMessage {
  return {
    id,
    channel: 'ops',
    group: 'g:1/a',
    kind: 'firing',
    alertIds: [`alert of ${id}`],
    text: `text of ${id}`,
    payload: { plain: id },
    catchUp: { catchUp: id },
    isFirst: false,
    expiresAtMs: 4_000_000_000_000,
    ...parts,
  };
}

export function alert(id: string, parts: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: 'spike',
    key: null,
    service: 'billing',
    environment: 'test',
    labels: {},
    state: 'firing',
    severity: 'high',
    epoch: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    reason: 'because',
    value: 1,
    limit: 1,
    samples: [],
    runbook: null,
    acknowledged: null,
    degraded: false,
    ...parts,
  };
}

/** One claim of `channel` is tried. */
export async function claim(
  session: StoreSession,
  parts: Partial<TickRequest['claim'][number]> = {},
): Promise<Claim | undefined> {
  const request = { channel: 'ops', intervalMs: 0, burst: 1, leaseMs: 60_000, ...parts };
  const { claims } = await session.tick({ read: [], dueCount: 0, claim: [request] });
  expect(claims.length).toBeLessThanOrEqual(1);
  return claims[0];
}

export function read(session: StoreSession, keys: readonly string[] = []): Promise<TickAnswer> {
  return session.tick({ read: keys, dueCount: 100, claim: [] });
}

export function delivered(of: Claim, receipt?: Json): Settlement {
  const { ids, lease, channel } = of;
  return { ids, lease, channel, outcome: 'delivered', receipt };
}

function retry(of: Claim, delayMs: number, pauseMs = 0): Settlement {
  const { ids, lease, channel } = of;
  return { ids, lease, channel, outcome: 'retry', error: 'refused', delayMs, pauseMs };
}

export function failed(of: Claim): Settlement {
  const { ids, lease, channel } = of;
  return { ids, lease, channel, outcome: 'failed', error: 'gone' };
}

async function store(session: StoreSession, ...messages: NewMessage[]): Promise<void> {
  // One after the other, as they are planned.
  for (const one of messages) {
    expect((await session.commit([unit({ messages: [one] })])).isApplied).toEqual([true]);
  }
}

/** What the engine relies on, whatever the store. */
export function describeStore(name: string, subject: () => Subject): void {
  describe(`${name}: documents`, () => {
    documents(subject);
  });
  describe(`${name}: time and what is due`, () => {
    dueDocuments(subject);
  });
  describe(`${name}: claims`, () => {
    claiming(subject);
  });
  describe(`${name}: settlements`, () => {
    settlements(subject);
  });
  describe(`${name}: digests`, () => {
    digests(subject);
  });
  describe(`${name}: alerts and silences`, () => {
    alertsAndSilences(subject);
  });
}

function documents(subject: () => Subject): void {
  it('makes, changes and removes a document by compare-and-set', async () => {
    const session = subject().open();
    const commit = async (made: DocumentChange): Promise<boolean | undefined> =>
      (await session.commit([unit({ documents: [made] })])).isApplied[0];
    expect(await commit(change('s:a', 0, { n: 1 }))).toBe(true);
    expect(await commit(change('s:a', 0, { n: 2 }))).toBe(false);
    expect((await read(session, ['s:a', 's:none'])).documents).toEqual([
      { key: 's:a', version: 1, value: { n: 1 }, dueAtMs: undefined },
    ]);
    expect(await commit(change('s:a', 2, { n: 3 }))).toBe(false);
    expect(await commit(change('s:a', 1, null))).toBe(true);
    expect((await read(session, ['s:a'])).documents).toMatchObject([{ version: 2, value: null }]);
    expect(await commit({ key: 's:a', version: 2, value: undefined, dueAtMs: undefined })).toBe(
      true,
    );
    expect((await read(session, ['s:a'])).documents).toEqual([]);
    expect(await commit(change('s:a', 2))).toBe(false);
    expect(await commit(change('s:a', 0, { again: true }))).toBe(true);
    expect((await read(session, ['s:a'])).documents).toMatchObject([{ version: 1 }]);
  });

  it('applies a unit wholly or not at all, each by itself, in the order given', async () => {
    const session = subject().open();
    await session.commit([unit({ documents: [change('s:a', 0), change('s:b', 0)] })]);
    const { isApplied } = await session.commit([
      unit({
        documents: [change('s:a', 1), change('s:b', 7), change('s:new', 0)],
        messages: [message('lost')],
        alerts: [alert('lost')],
      }),
      unit({ documents: [change('s:b', 1)], messages: [message('kept')], alerts: [alert('kept')] }),
      unit({ documents: [change('s:b', 1)] }),
      unit({ documents: [change('s:b', 2)] }),
    ]);
    expect(isApplied).toEqual([false, true, false, true]);
    const answer = await read(session, ['s:a', 's:b', 's:new']);
    const versions = answer.documents.map(({ key, version }) => `${key} ${version}`);
    expect(versions.toSorted()).toEqual(['s:a 1', 's:b 3']);
    expect(answer.alerts.map(({ id }) => id)).toEqual(['kept']);
    expect((await session.waiting('ops', 10)).map(({ id }) => id)).toEqual(['kept']);
  });

  it('lets one of racing replicas win, each time', async () => {
    const sessions = Array.from({ length: 6 }, () => subject().open());
    for (let version = 0; version < 12; version += 1) {
      const answers = await Promise.all(
        sessions.map((session, racer) =>
          session.commit([
            unit({
              documents: [change('s:a', version), change('g:a', version)],
              messages: [message(`${version}-${racer}`)],
            }),
          ]),
        ),
      );
      const winners = answers.filter(({ isApplied }) => isApplied[0] === true);
      expect(winners).toHaveLength(1);
    }
    const [session] = sessions as [StoreSession];
    expect(await session.waiting('ops', 100)).toHaveLength(12);
  });

  it('gives back any JSON as it was, whatever characters it and the keys have', async () => {
    const session = subject().open();
    const odd = `\0 \ud800 \udfff "'\\ \u2028 ü 漢 😀 {{schema}} $1 %`;
    const value = { [odd]: [odd, 0.1, -1, 1e300, true, null, { deep: [[]] }], '': '' } as const;
    const long = `s:${'x'.repeat(5_000)}${odd}`;
    const keys = [`s:${odd}`, long, `${long}2`, 's:', `s:\u007f`];
    await session.commit(keys.map((key) => unit({ documents: [change(key, 0, value)] })));
    const { documents: found } = await read(session, keys);
    expect(found.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    for (const one of found) expect(one.value).toEqual({ ...value, [odd]: [...value[odd]] });
    const again = await session.commit(
      keys.map((key) => unit({ documents: [change(key, 1, 'changed')] })),
    );
    expect(again.isApplied).toEqual(keys.map(() => true));
    await session.commit([
      unit({ messages: [message(odd, { group: long, text: odd, payload: value, isFirst: true })] }),
    ]);
    expect(await claim(session)).toMatchObject({ id: odd, group: long, text: odd });
  });

  it('lists by prefix and key, and keeps scopes apart', async () => {
    const session = subject().open();
    const other = subject().open('other/test');
    const keys = ['s:a/1', 's:a/2', 's:a%/3', 's:b/1', 'g:a'];
    await session.commit(keys.map((key) => unit({ documents: [change(key, 0)] })));
    await session.commit([unit({ messages: [message('m')], alerts: [alert('a')] })]);
    const listed = async (prefix: string, limit: number): Promise<string[]> =>
      (await session.list(prefix, limit)).map(({ key }) => key);
    expect(await listed('s:a/', 10)).toEqual(['s:a/1', 's:a/2']);
    expect(await listed('s:', 2)).toEqual(['s:a%/3', 's:a/1']);
    expect(await listed('', 10)).toHaveLength(5);
    expect(await other.list('', 10)).toEqual([]);
    expect(await read(other, keys)).toMatchObject({ documents: [], alerts: [] });
    expect(await claim(other)).toBeUndefined();
    expect((await other.commit([unit({ documents: [change('g:a', 1)] })])).isApplied).toEqual([
      false,
    ]);
  });

  it('needs nothing for no units, and applies one that is empty', async () => {
    const session = subject().open();
    expect((await session.commit([])).isApplied).toEqual([]);
    expect((await session.commit([unit()])).isApplied).toEqual([true]);
  });
}

function dueDocuments(subject: () => Subject): void {
  it('hands out what is due, longest overdue first, and says when more will be', async () => {
    const session = subject().open();
    const { nowMs } = await read(session);
    await session.commit([
      unit({ documents: [change('s:late', 0, 1, nowMs - 1_000)] }),
      unit({ documents: [change('s:later', 0, 1, nowMs - 90_000)] }),
      unit({ documents: [change('s:soon', 0, 1, nowMs + 600_000)] }),
      unit({ documents: [change('s:never', 0, 1)] }),
    ]);
    const one = await session.tick({ read: [], dueCount: 1, claim: [] });
    expect(one.documents).toEqual([
      { key: 's:later', version: 1, value: 1, dueAtMs: nowMs - 90_000 },
    ]);
    expect(one.nextDueMs).toBe(nowMs - 1_000);
    const all = await read(session, ['s:never']);
    expect(all.documents.map(({ key }) => key).toSorted()).toEqual([
      's:late',
      's:later',
      's:never',
    ]);
    expect(all.nextDueMs).toBe(nowMs + 600_000);
    await session.commit([unit({ documents: [change('s:soon', 1, 2)] })]);
    expect((await read(session)).nextDueMs).toBeUndefined();
  });

  it('has a time that goes on and never back', async () => {
    const session = subject().open();
    let lastMs = (await read(session)).nowMs;
    for (let round = 0; round < 5; round += 1) {
      await subject().pass(5);
      const { nowMs } = await (round % 2 === 0 ? session.commit([]) : read(session));
      expect(nowMs).toBeGreaterThanOrEqual(lastMs);
      expect(session.now()).toBeGreaterThanOrEqual(nowMs);
      lastMs = session.now();
    }
  });
}

function claiming(subject: () => Subject): void {
  it('claims one message of a channel at a time, for all replicas', async () => {
    const [one, two] = [subject().open(), subject().open()];
    const more = message('3', { group: 'g:1/b' });
    await store(one, message('1'), message('2'), more, message('4', { channel: 'mail' }));
    const answers = await Promise.all([claim(one), claim(two)]);
    const claimed = answers.filter((found) => found !== undefined);
    expect(claimed).toHaveLength(1);
    expect(claimed[0]).toEqual({
      id: '1',
      ids: ['1'],
      channel: 'ops',
      group: 'g:1/a',
      kind: 'firing',
      text: 'text of 1',
      payload: { plain: '1' },
      previous: undefined,
      attempt: 1,
      createdAtMs: expect.any(Number),
      alertIds: ['alert of 1'],
      lease: expect.any(String),
      pendingCount: 3,
    });
    expect(await claim(one)).toBeUndefined();
    expect(await claim(two, { channel: 'mail' })).toMatchObject({ id: '4', pendingCount: 1 });
    expect((await two.waiting('ops', 10)).map(({ id }) => id)).toEqual(['2', '3']);
    expect((await two.waiting('ops', 1)).map(({ id }) => id)).toEqual(['2']);
  });

  it('keeps the order of a group, and gives what was returned for its last message', async () => {
    const session = subject().open();
    await store(session, message('1'), message('2'), message('3', { group: 'g:1/b' }));
    const first = (await claim(session)) as Claim;
    expect(await session.settle(delivered(first, { ts: '1' }))).toEqual({ isHeld: true });
    const second = (await claim(session)) as Claim;
    expect(second).toMatchObject({ id: '2', previous: { ts: '1' }, pendingCount: 2 });
    await session.settle(delivered(second));
    const third = (await claim(session)) as Claim;
    expect(third).toMatchObject({ id: '3', previous: undefined });
    await session.settle(delivered(third, null));
    await store(session, message('4'), message('5', { group: 'g:1/b' }));
    const fourth = (await claim(session)) as Claim;
    expect(fourth).toMatchObject({ id: '4', previous: { ts: '1' } });
    await session.settle(delivered(fourth));
    expect(await claim(session)).toMatchObject({ id: '5', previous: null });
  });

  it('catches up with the newest where the channel knows nothing', async () => {
    const session = subject().open();
    await store(session, message('1', { isFirst: true }));
    const alone = (await claim(session)) as Claim;
    expect(alone).toMatchObject({ id: '1', ids: ['1'], payload: { catchUp: '1' }, attempt: 1 });
    await store(session, message('2', { alertIds: ['x', 'alert of 1'], catchUp: null }));
    await session.settle(retry(alone, 0));
    const both = (await claim(session)) as Claim;
    expect(both).toMatchObject({
      id: '2',
      ids: ['1', '2'],
      payload: null,
      attempt: 2,
      alertIds: ['alert of 1', 'x'],
      createdAtMs: alone.createdAtMs,
      pendingCount: 2,
    });
    expect(both.lease).not.toBe(alone.lease);
    await store(session, message('3'));
    await session.settle(delivered(both));
    expect(await claim(session)).toMatchObject({ ids: ['3'], payload: { plain: '3' } });
  });

  it('holds a group back while its oldest waits for a retry, and no other', async () => {
    const session = subject().open();
    await store(session, message('1'), message('2'), message('3', { group: 'g:1/b' }));
    await session.settle(retry((await claim(session)) as Claim, 500_000));
    const next = (await claim(session)) as Claim;
    expect(next.id).toBe('3');
    await session.settle(delivered(next));
    const { nextDueMs, nowMs } = await session.tick({
      read: [],
      dueCount: 0,
      claim: [{ channel: 'ops', intervalMs: 0, burst: 1, leaseMs: 1_000 }],
    });
    expect(nextDueMs).toBeGreaterThan(nowMs + 400_000);
    expect((await session.waiting('ops', 10)).map(({ attempt }) => attempt)).toEqual([1, 0]);
  });

  it('pauses the channel for all', async () => {
    const [one, two] = [subject().open(), subject().open()];
    await store(one, message('1'), message('2', { group: 'g:1/b' }));
    await one.settle(retry((await claim(one)) as Claim, 0, 500_000));
    expect(await claim(two)).toBeUndefined();
    const { nextDueMs, nowMs } = await two.tick({
      read: [],
      dueCount: 0,
      claim: [{ channel: 'ops', intervalMs: 0, burst: 1, leaseMs: 1_000 }],
    });
    expect(nextDueMs).toBeGreaterThan(nowMs + 400_000);
  });

  it('holds the rate for all, after a burst', async () => {
    const [one, two] = [subject().open(), subject().open()];
    await store(one, ...['1', '2', '3', '4'].map((id) => message(id, { group: `g:1/${id}` })));
    const rate = { intervalMs: 500_000, burst: 3 };
    for (const session of [one, two, one]) {
      await session.settle(delivered((await claim(session, rate)) as Claim));
    }
    expect(await claim(two, rate)).toBeUndefined();
    const { nextDueMs, nowMs } = await two.tick({
      read: [],
      dueCount: 0,
      claim: [{ channel: 'ops', leaseMs: 1_000, ...rate }],
    });
    expect(nextDueMs).toBeGreaterThan(nowMs + 400_000);
    expect(nextDueMs).toBeLessThanOrEqual(nowMs + 500_000);
    expect(await claim(two, { intervalMs: 0 })).toMatchObject({ id: '4' });
  });

  it('gives a message to another when the lease has run out, and fences the first', async () => {
    const [one, two] = [subject().open(), subject().open()];
    await store(one, message('1'));
    const lost = (await claim(one, { leaseMs: 20 })) as Claim;
    await subject().pass(40);
    const taken = (await claim(two)) as Claim;
    expect(taken).toMatchObject({ id: '1', attempt: 2 });
    expect(await one.settle(delivered(lost))).toEqual({ isHeld: false });
    const unitOfLost = unit({ documents: [change('g:1/a', 0)], settle: failed(lost) });
    expect((await one.commit([unitOfLost])).isApplied).toEqual([false]);
    expect(await two.settle(delivered(taken))).toEqual({ isHeld: true });
    expect(await two.settle(delivered(taken))).toEqual({ isHeld: false });
    expect(await two.waiting('ops', 10)).toEqual([]);
  });
}

function settlements(subject: () => Subject): void {
  it('makes the next of the group the first when the first is given up', async () => {
    const session = subject().open();
    await store(session, message('1', { isFirst: true }));
    const first = (await claim(session)) as Claim;
    await store(session, message('2'), message('3'));
    const { isApplied } = await session.commit([
      unit({ documents: [change('g:1/a', 0, 'forgotten')], settle: failed(first) }),
    ]);
    expect(isApplied).toEqual([true]);
    expect(await claim(session)).toMatchObject({ ids: ['2', '3'], payload: { catchUp: '3' } });
  });

  it('sends the next as it is when another than the first is given up', async () => {
    const session = subject().open();
    await store(session, message('1'), message('2'));
    await session.settle(failed((await claim(session)) as Claim));
    expect(await claim(session)).toMatchObject({ ids: ['2'], payload: { plain: '2' } });
  });

  it('gives nothing up in a unit whose documents have changed', async () => {
    const session = subject().open();
    await store(session, message('1'));
    const held = (await claim(session)) as Claim;
    const lost = unit({ documents: [change('g:1/a', 3)], settle: failed(held) });
    expect((await session.commit([lost])).isApplied).toEqual([false]);
    expect(await session.settle(delivered(held))).toEqual({ isHeld: true });
  });
}

function digests(subject: () => Subject): void {
  it('puts a digest in the place of the first that it replaces', async () => {
    const session = subject().open();
    const group = (id: string): string => `g:1/${id}`;
    const ids = ['1', '2', '3', '4'];
    await store(session, ...ids.map((id) => message(id, { group: group(id), isFirst: true })));
    const held = (await claim(session)) as Claim;
    const digest = message('digest', {
      group: 'digest:ops',
      kind: 'digest',
      replaces: ['1', '2', '3', 'unknown'],
    });
    const { isApplied } = await session.commit([
      unit({ messages: [digest], settle: failed(held) }),
    ]);
    expect(isApplied).toEqual([true]);
    const next = (await claim(session)) as Claim;
    expect(next).toMatchObject({ id: 'digest', kind: 'digest', pendingCount: 2 });
    await session.settle(delivered(next));
    expect(await claim(session)).toMatchObject({ id: '4' });
  });

  it('stores no digest of somebody who has lost the lease', async () => {
    const [one, two] = [subject().open(), subject().open()];
    await store(one, message('1'), message('2', { group: 'g:1/b' }));
    const lost = (await claim(one, { leaseMs: 20 })) as Claim;
    await subject().pass(40);
    await two.settle(delivered((await claim(two)) as Claim));
    const digest = message('digest', { group: 'digest:ops', replaces: ['1', '2'] });
    const { isApplied } = await one.commit([unit({ messages: [digest], settle: failed(lost) })]);
    expect(isApplied).toEqual([false]);
    expect((await two.waiting('ops', 10)).map(({ id }) => id)).toEqual(['2']);
  });
}

function alertsAndSilences(subject: () => Subject): void {
  it('has alerts that last, worst and oldest first, and history by time, rule and id', async () => {
    const session = subject().open();
    const hour = (at: number): string => `2026-01-01T${String(at).padStart(2, '0')}:00:00.000Z`;
    const all = [
      alert('mild', { severity: 'low', startedAt: hour(1) }),
      alert('young', { startedAt: hour(5) }),
      alert('old', { startedAt: hour(2), rule: 'other' }),
      alert('over', { startedAt: hour(1), endedAt: hour(3), state: 'ok' }),
    ];
    await session.commit(all.map((one) => unit({ alerts: [one] })));
    const { alerts } = await read(session);
    expect(alerts.map(({ id }) => id)).toEqual(['old', 'young', 'mild']);
    expect(alerts[0]).toEqual(all[2]);
    const ids = async (query: object): Promise<string[]> => {
      const found = await session.history({ sinceMs: 0, limitCount: 10, ...query });
      return found.map(({ id }) => id);
    };
    expect((await ids({})).slice(0, 2)).toEqual(['young', 'old']);
    expect((await ids({})).slice(2).toSorted()).toEqual(['mild', 'over']);
    expect(await ids({ limitCount: 1 })).toEqual(['young']);
    expect(await ids({ sinceMs: Date.parse(hour(4)) })).toEqual(['young', 'old', 'mild']);
    expect(await ids({ untilMs: Date.parse(hour(2)), rule: 'other' })).toEqual(['old']);
    expect(await ids({ untilMs: Date.parse(hour(2)), rule: 'spike' })).toHaveLength(2);
    expect(await ids({ id: 'over' })).toEqual(['over']);
    const ended = alert('old', { startedAt: hour(2), endedAt: hour(6), rule: 'other' });
    await session.commit([unit({ alerts: [ended] })]);
    expect((await read(session)).alerts.map(({ id }) => id)).toEqual(['young', 'mild']);
    expect(await session.history({ sinceMs: 0, id: 'old', limitCount: 1 })).toEqual([ended]);
  });

  it('has silences until they end, or are ended', async () => {
    const [one, two] = [subject().open(), subject().open()];
    const { nowMs } = await read(one);
    const silence = (id: string, forMs: number): Silence => ({
      id,
      match: { rule: 'spike', labels: { who: ['\0', 'ü'] } },
      startsAt: new Date(nowMs).toISOString(),
      endsAt: new Date(nowMs + forMs).toISOString(),
      by: 'ann',
      reason: 'deploy',
    });
    const [long, short] = [silence('long', 500_000), silence('short', -1)];
    await one.addSilence(long);
    await one.addSilence(short);
    expect((await read(two)).silences).toEqual([long]);
    expect(await two.endSilence('short')).toBe(false);
    expect(await two.endSilence('unknown')).toBe(false);
    expect(await subject().open('other/test').endSilence('long')).toBe(false);
    expect(await two.endSilence('long')).toBe(true);
    expect(await one.endSilence('long')).toBe(false);
    expect((await read(one)).silences).toEqual([]);
  });
}
