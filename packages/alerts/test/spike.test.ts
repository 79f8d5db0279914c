import { describe, expect, it } from 'vitest';
import { type SpikeOptions, type SpikeState, spike } from '../src/index.ts';
import { refusalOf } from './setup.ts';

const ladder = { over: 3, within: '1h', severity: { medium: 3, high: 5 } } as const;
const HOUR_MS = 3_600_000;

function stateAfter(options: SpikeOptions, times: readonly number[]): SpikeState {
  const rule = spike(options);
  return times.reduce((state, atMs) => rule.on(state, { atMs }), rule.init());
}

function messageOf(options: unknown): string {
  return refusalOf(() => spike(options as SpikeOptions)).message;
}

describe('spike verdicts', () => {
  it('fire at strictly more than `over`, and say why', () => {
    const rule = spike(ladder);
    expect(rule.evaluate(stateAfter(ladder, [0, 1, 2]), 2)).toEqual({
      status: 'holding',
      value: 3,
      limit: 3,
      why: '3 errors in the last 1h, not over 3 but not below 2',
      clearsAtMs: 1 + HOUR_MS,
    });
    expect(rule.evaluate(stateAfter(ladder, [0, 1, 2, 3]), 3)).toEqual({
      status: 'breach',
      severity: 'medium',
      value: 4,
      limit: 3,
      why: '4 errors in the last 1h, over 3 (high over 5)',
      clearsAtMs: 2 + HOUR_MS,
    });
  });

  it('climb the ladder at strictly more than each step, and count up to its top', () => {
    const rule = spike(ladder);
    const times = [0, 0, 0, 0, 0];
    expect(rule.evaluate(stateAfter(ladder, times), 0)).toMatchObject({ severity: 'medium' });
    times.push(0);
    expect(rule.evaluate(stateAfter(ladder, times), 0)).toMatchObject({
      severity: 'high',
      why: '6 errors in the last 1h, over 5',
    });
    times.push(0, 0, 0);
    expect(rule.evaluate(stateAfter(ladder, times), 0).why).toBe(
      'at least 7 errors in the last 1h, over 5',
    );
  });

  it('are clear below `clearBelow`, an error leaving the window exactly `within` after it came', () => {
    const rule = spike({ over: 3, within: 100, clearBelow: 1, severity: 'low' });
    const state = stateAfter({ over: 3, within: 100 }, [0]);
    expect(rule.evaluate(state, 99)).toMatchObject({ status: 'holding', clearsAtMs: 100 });
    expect(rule.evaluate(state, 100)).toEqual({
      status: 'clear',
      value: 0,
      limit: 1,
      why: '0 errors in the last 100ms, below 1',
      clearsAtMs: undefined,
    });
  });

  it('over 0 fires at the first error and clears at none', () => {
    const rule = spike({ over: 0, within: 100 });
    const state = stateAfter({ over: 0, within: 100 }, [0]);
    expect(rule.evaluate(rule.init(), 0)).toMatchObject({ status: 'clear' });
    expect(rule.evaluate(state, 0)).toMatchObject({ status: 'breach', value: 1 });
    expect(rule.evaluate(state, 100)).toMatchObject({ status: 'clear' });
  });

  it('agree between announced and actual leaving time for times with fractions', () => {
    const rule = spike({ over: 0, within: 0.1 });
    for (let index = 0; index < 1_000; index += 1) {
      const state = stateAfter({ over: 0, within: 0.1 }, [index * 0.7]);
      const { clearsAtMs = Number.NaN } = rule.evaluate(state, index * 0.7);
      expect(rule.evaluate(state, clearsAtMs).status).toBe('clear');
    }
  });
});

describe('spike defaults', () => {
  it('clear below 80 % of over, and keep firing for a quarter of the window, at least 5 minutes', () => {
    const rule = spike({ over: 100, within: '1h' });
    expect(rule).toMatchObject({ keepFiringForMs: 15 * 60_000, severities: ['medium'] });
    const state = stateAfter(
      { over: 100, within: '1h' },
      Array.from({ length: 80 }, () => 0),
    );
    expect(rule.evaluate(state, 0).why).toContain('not below 80');
    expect(spike({ over: 100, within: '1m' }).keepFiringForMs).toBe(5 * 60_000);
  });
});

describe('spike options', () => {
  it('are refused together, each by its name, with the value and what was expected', () => {
    const message = messageOf({ over: -1, within: '1 hour', clearBelw: 80, severity: 'hihg' });
    expect(message.replace('spike: ', '').split('; ')).toEqual([
      'over: expected an integer from 0 to 100000, got -1',
      expect.stringMatching(/^within: expected a duration .*, got '1 hour'$/),
      "severity: expected one of low, medium, high, critical, or a ladder such as { medium: 100, high: 200 }, got 'hihg'",
      'clearBelw: there is no such option, expected one of over, within, clearBelow, keepFiringFor, severity, got 80',
    ]);
  });

  it('cannot be thresholds that never clear, or that clear while firing', () => {
    expect(messageOf({ over: 100, within: '1h', clearBelow: 0 })).toContain(
      'clearBelow: could never clear',
    );
    expect(messageOf({ over: 100, within: '1h', clearBelow: 150 })).toContain(
      'clearBelow: a count that fires would already be below it; expected at most 100, got 150',
    );
  });

  it('cannot be a ladder that starts elsewhere, is out of order, or has unknown steps', () => {
    const over = { over: 100, within: '1h' } as const;
    expect(messageOf({ ...over, severity: { medium: 50, high: 200 } })).toContain(
      'severity.medium: expected the mildest step to be over (100), where the alert starts, got 50',
    );
    expect(messageOf({ ...over, severity: { high: 200 } })).toContain(
      'severity.high: expected the',
    );
    expect(messageOf({ ...over, severity: { medium: 100, high: 300, critical: 200 } })).toContain(
      'severity.critical: expected more than high (300), got 200',
    );
    const message = messageOf({ ...over, severity: { medium: 100, hihg: 200, critical: 'x' } });
    expect(message).toContain('severity.hihg: no such severity');
    expect(message).toContain('severity.critical: expected an integer');
    expect(messageOf({ ...over, severity: {} })).toContain('severity: expected at least one step');
  });

  it('are refused with an error that says so by name and code', () => {
    expect(refusalOf(() => spike({ over: -1, within: '1h' }))).toMatchObject({
      name: 'InvalidOptionsError',
      code: 'ERR_OPS_INVALID_OPTIONS',
    });
  });

  it.each([undefined, null, 5, 'x', []])('cannot be %s', (options) => {
    expect(messageOf(options)).toMatch(/^spike: options: expected object/);
  });
});
