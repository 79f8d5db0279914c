import { describe, expect, it } from 'vitest';
import { since, timeline } from './timeline.ts';
import { alertOf, iso } from './world.ts';

// Alertmanager's acceptance scenarios (test/with_api_v2/acceptance: send, inhibit, silence), with
// its times. Its group_wait, group_interval and repeat_interval are wait, interval and repeat here.
// An alert that comes again after its end is another alert with another id.

const SECONDS = { wait: '1s', interval: '1s', repeat: '1s' } as const;
const byRule = [{ to: ['ops'], groupBy: ['rule'], ...SECONDS }];
const together = [{ to: ['ops'], groupBy: [], ...SECONDS }];

describe('sending', () => {
  it('MergeAlerts: tells an alert as it is by then, and its next occurrence by itself', () => {
    const t = timeline({ routes: byRule });
    const alert = alertOf('test', { startedAt: iso(1_000) });
    t.push(1, { ...alert, reason: 'one' });
    t.push(1.2, { ...alert, reason: 'two' });
    t.want(2, 2.5, '+test');
    t.push(2.1, { ...alert, reason: 'three' });
    t.want(3, 3.5, '+test');
    t.push(3.6, { ...alert, reason: 'four' });
    t.want(4, 4.5, '+test');
    t.push(4.6, { ...since(alert, 1, 4.8), reason: 'over' });
    t.push(4.8, { ...since(alert, 1, 4.1), reason: 'over again, which is too late' });
    t.want(5, 5.5, '-test');
    t.push(5.3, alertOf('test-2', { startedAt: iso(5_300) }));
    t.want(6, 6.5, '+test-2');
    const { sent, wanted, world } = t.run(6.5);
    expect(sent).toEqual(wanted);
    const reasons = world.received.map(({ notification }) =>
      [...notification.firing, ...notification.resolved].map(({ reason }) => reason),
    );
    expect(reasons.slice(0, 4)).toEqual([['two'], ['three'], ['four'], ['over']]);
  });

  it('Repeat: at every interval until it ends', () => {
    const t = timeline({ routes: byRule });
    t.push(1, since(alertOf('test'), 1));
    t.want(2, 2.5, '+test');
    t.want(3, 3.5, '+test');
    t.push(3.5, since(alertOf('test'), 1, 3));
    t.want(4, 4.5, '-test');
    const { sent, wanted } = t.run(30);
    expect(sent).toEqual(wanted);
  });

  it('Batching: what comes while it waits is one message, and the repeat counts from the last', () => {
    const t = timeline({ routes: [{ ...together[0], to: ['ops'], repeat: 4_900 }] });
    t.push(1.1, alertOf('test1'));
    t.push(1.7, alertOf('test5'));
    t.want(2, 2.5, '+test1', '+test5');
    t.push(3.3, alertOf('test2'), alertOf('test3'), alertOf('test4'));
    t.want(4.1, 4.5, '+test1', '+test2', '+test3', '+test4', '+test5');
    t.want(9, 9.5, '+test1', '+test2', '+test3', '+test4', '+test5');
    const { sent, wanted } = t.run(13);
    expect(sent).toEqual(wanted);
  });

  it('Resolved: all ends of a group are one message', () => {
    const routes = [{ to: ['ops'], groupBy: ['rule'], wait: '1s', interval: '5s' } as const];
    const t = timeline({ routes });
    const names = ['v1', 'v2', 'v3'];
    t.push(1, ...names.map((name) => alertOf(name)));
    t.want(2, 2.5, '+v1', '+v2', '+v3');
    t.push(11, ...names.map((name) => since(alertOf(name), 1, 11)));
    t.want(12, 13, '-v1', '-v2', '-v3');
    const { sent, wanted } = t.run(60);
    expect(sent).toEqual(wanted);
  });

  it.each([
    { sendResolved: true, second: ['-v1', '+v2', '+v3'], third: [['-v2', '+v3']] },
    { sendResolved: false, second: ['+v2', '+v3'], third: [] },
  ])('ResolvedFilter: ends with sendResolved $sendResolved', ({ sendResolved, second, third }) => {
    const t = timeline({
      routes: [{ to: ['ops'], groupBy: ['rule'], wait: '1s', interval: '5s', sendResolved }],
    });
    t.push(1, alertOf('v1'), alertOf('v2'));
    t.want(2, 2.5, '+v1', '+v2');
    t.push(3, since(alertOf('v1'), 1, 3), alertOf('v3'));
    t.want(7, 7.5, ...second);
    t.push(11, since(alertOf('v2'), 1, 11));
    for (const lines of third) t.want(12, 12.5, ...lines);
    const { sent, wanted } = t.run(60);
    expect(sent).toEqual(wanted);
  });

  it('ColdStart: what came due while nobody ran is told once, at once, and the grid goes on from there', () => {
    const t = timeline({ routes: together });
    t.push(1, alertOf('test1'), alertOf('test2'));
    // Documents are all there is: nothing else has to survive.
    t.at(1.9, (world) => {
      const [group] = world.groups.values();
      expect(group?.members).toMatchObject({
        test1: { newsAtMs: 2_000 },
        test2: { newsAtMs: 2_000 },
      });
    });
    t.want(2, 2.5, '+test1', '+test2');
    const { sent, wanted } = t.run(2.9);
    expect(sent).toEqual(wanted);
  });
});

describe('inhibition', () => {
  const inhibit = [{ source: { rule: 'db' }, target: { rule: 'spike' }, equal: ['job', 'zone'] }];
  const instance = (zone: string) => alertOf(`instance-${zone}`, { labels: { job: 'x', zone } });
  const job = alertOf('job-aa', { rule: 'db', labels: { job: 'x', zone: 'aa' } });

  it('Inhibiting: names it no longer, and again as soon as the source has ended', () => {
    const t = timeline({ routes: together, inhibit });
    const other = alertOf('test1', { rule: 'fresh', labels: { job: 'x', zone: 'aa' } });
    t.push(1, other, instance('aa'), instance('ab'));
    t.want(2, 2.5, '+test1', '+instance-aa', '+instance-ab');
    t.push(2.2, since(job, 2.2));
    t.want(3, 3.5, '+test1', '+instance-ab', '+job-aa');
    t.push(3.6, since(job, 2.2, 3.6));
    t.want(4, 4.5, '+test1', '+instance-aa', '+instance-ab', '-job-aa');
    const { sent, wanted } = t.run(4.5);
    expect(sent).toEqual(wanted);
  });

  it('AlwaysInhibiting: the end of what was never told is not told (Alertmanager does)', () => {
    const t = timeline({ routes: together, inhibit });
    t.push(1, instance('aa'), job);
    t.want(2, 2.5, '+job-aa');
    t.push(2.6, since(instance('aa'), 1, 2.6), since(job, 1, 2.6));
    t.want(3, 3.5, '-job-aa');
    const { sent, wanted } = t.run(60);
    expect(sent).toEqual(wanted);
  });

  it('EmptyInhibitionRule: both sides match everything, so nothing is inhibited', () => {
    const t = timeline({ routes: together, inhibit: [{ source: {}, target: {} }] });
    t.push(1, instance('aa'), job);
    t.want(2, 2.5, '+instance-aa', '+job-aa');
    const { sent, wanted } = t.run(2.5);
    expect(sent).toEqual(wanted);
  });
});

describe('silences', () => {
  const silence = (fromMs: number, toMs: number, rule: string) => ({
    id: 's',
    match: { rule },
    startsAt: iso(fromMs),
    endsAt: iso(toMs),
    by: 'ann',
    reason: 'deploy',
  });
  const other = alertOf('test2', { rule: 'db' });

  it('Silencing: tells of the others meanwhile, and of it again at the first interval after', () => {
    const t = timeline({ routes: together });
    t.push(1, alertOf('test1'), other);
    t.want(2, 2.5, '+test1', '+test2');
    t.at(2.3, ({ silences }) => silences.push(silence(2_500, 4_500, 'spike')));
    t.want(3, 3.5, '+test2');
    t.want(4, 4.5, '+test2');
    t.want(5, 5.5, '+test1', '+test2');
    const { sent, wanted } = t.run(5.5);
    expect(sent).toEqual(wanted);
  });

  it('SilenceDelete: tells what still fires at the first interval after a silence is ended by hand', () => {
    const t = timeline({ routes: together });
    t.push(1, alertOf('test1'));
    t.at(1.3, ({ silences }) => silences.push(silence(1_500, 100_000, 'spike')));
    t.at(3.5, ({ silences }) => silences.splice(0));
    t.want(4, 4.5, '+test1');
    const { sent, wanted } = t.run(4.5);
    expect(sent).toEqual(wanted);
  });
});
