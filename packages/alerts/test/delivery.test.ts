import { describe, expect, it } from 'vitest';
import { DeliveryError, type Notification, spike } from '../src/index.ts';
import { settle } from './manual-clock.ts';
import { setUp } from './setup.ts';

const kinds = (messages: readonly { kind: string }[]): string[] => messages.map((one) => one.kind);
const rulesOf = ({ firing, resolved }: Notification): string | undefined =>
  [...firing, ...resolved][0]?.rule;
const never = (): Promise<void> => new Promise(() => {});
const busy = (retryAfterMs?: number): DeliveryError =>
  new DeliveryError('busy', { retryable: true, retryAfterMs, status: 429 });

describe('a failed attempt', () => {
  it('is repeated with full jitter, the very same message each time', async () => {
    const { clock, ops, eventsOf, fail } = setUp();
    ops.outcome = () => {
      throw new Error('down');
    };
    fail(4);
    await clock.advance(60_000);
    expect(eventsOf('retry').map((event) => event.delayMs)).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000,
    ]);
    expect(new Set(ops.messages.map((message) => JSON.stringify(message))).size).toBe(1);
    ops.outcome = () => undefined;
    await clock.advance(30_000);
    expect(eventsOf('delivered')).toMatchObject([{ channel: 'ops', attemptCount: 8 }]);
    await clock.advance(100_000);
  });

  it('goes to the log, without what the error may hold of a secret', async () => {
    const { alerts, ops, logger, fail } = setUp();
    ops.outcome = () => {
      throw new Error('cannot reach https://hooks.example.com/services/T0/B0/s3cr3t');
    };
    fail(4);
    await settle();
    expect(logger.lines).toMatchObject([
      {
        level: 'warn',
        message: 'alerts: delivery failed, will retry',
        fields: { channel: 'ops', kind: 'firing', attemptCount: 1 },
      },
    ]);
    expect(JSON.stringify(logger.lines)).toContain('https://hooks.example.com/…');
    expect(JSON.stringify(logger.lines)).not.toContain('s3cr3t');
    await alerts.close({ drain: 0 });
  });

  it('that asks to be left alone holds back the whole channel for that long', async () => {
    const { alerts, clock, ops, eventsOf, fail } = setUp({
      rules: {
        one: spike({ over: 3, within: '1h', severity: 'low' }),
        two: spike({ over: 4, within: '1h', severity: 'low' }),
      },
    });
    ops.outcome = () => {
      throw busy(30_000);
    };
    fail(4);
    await settle();
    expect(eventsOf('retry')).toMatchObject([{ delayMs: 30_000, error: { status: 429 } }]);
    ops.outcome = () => undefined;
    fail(1);
    await clock.advance(29_999);
    expect(ops.messages).toHaveLength(1);
    await clock.advance(1);
    expect(ops.messages.map(rulesOf)).toEqual(['one', 'one', 'two']);
    await alerts.close();
  });

  it.each([Number.NaN, -5, Infinity])('may ask for %d without stopping the channel', async (ms) => {
    const { alerts, clock, ops, fail } = setUp();
    ops.outcome = () => {
      throw busy(ms);
    };
    fail(4);
    await settle();
    ops.outcome = () => undefined;
    await clock.advance(3_600_000);
    expect(kinds(ops.messages)).toContain(ms === Infinity ? 'fired-and-resolved' : 'resolved');
    await alerts.close();
  });

  it('of one alert does not hold up another', async () => {
    const { alerts, ops, eventsOf, fail } = setUp({
      rules: {
        one: spike({ over: 3, within: '1h', severity: 'low' }),
        two: spike({ over: 4, within: '1h', severity: 'low' }),
      },
    });
    ops.outcome = (message) => {
      if (rulesOf(message) === 'one') throw new Error('poison');
    };
    fail(5);
    await settle();
    expect(eventsOf('delivered')).toMatchObject([{ message: { alertIds: ['two-i000-1'] } }]);
    await alerts.close({ drain: 0 });
  });

  it('for good is not repeated, but told by event and log; nor is the end sent then', async () => {
    const { clock, ops, eventsOf, logger, fail } = setUp();
    ops.outcome = () => {
      throw new DeliveryError('The webhook answered 404', { retryable: false, status: 404 });
    };
    fail(4);
    await clock.advance(200_000);
    expect(kinds(ops.messages)).toEqual(['firing']);
    expect(eventsOf('failed')).toMatchObject([
      { cause: 'rejected', channel: 'ops', attemptCount: 1, error: { status: 404 } },
    ]);
    expect(logger.lines).toMatchObject([
      { level: 'error', message: 'alerts: message not delivered', fields: { cause: 'rejected' } },
    ]);
  });

  it('is given up after `maxAge`', async () => {
    const { clock, ops, eventsOf, fail } = setUp({ delivery: { maxAge: '10s' } });
    ops.outcome = () => {
      throw new Error('down');
    };
    fail(4);
    await clock.advance(20_000);
    expect(eventsOf('failed')).toMatchObject([{ cause: 'expired', attemptCount: 5 }]);
    await clock.advance(200_000);
    expect(kinds(ops.messages)).toEqual(Array.from({ length: 5 }, () => 'firing'));
  });

  it('with a broken random is still repeated', async () => {
    const { alerts, ops, eventsOf, fail } = setUp({
      random: () => {
        throw new Error('no luck');
      },
    });
    ops.outcome = () => {
      throw new Error('down');
    };
    fail(4);
    await settle();
    expect(eventsOf('retry')).toMatchObject([{ delayMs: 500 }]);
    expect(eventsOf('fault')).toHaveLength(1);
    await alerts.close({ drain: 0 });
  });

  it('may throw anything at all', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const thrown of [undefined, null, 'text', Symbol('s'), proxy, Object.create(null)]) {
      const { alerts, ops, eventsOf, fail } = setUp();
      ops.outcome = () => {
        throw thrown;
      };
      fail(4);
      await settle();
      expect(eventsOf('retry')).toMatchObject([{ error: { code: 'ERR_OPS_ALERT_DELIVERY' } }]);
      await alerts.close({ drain: 0 });
    }
  });
});

describe('a channel that throws what is like a DeliveryError', () => {
  it.each([
    ['has a message that cannot be read', 'message'],
    ['has a wish that cannot be read', 'retryAfterMs'],
  ])('but %s is tried again', async (_, property) => {
    const { clock, ops, eventsOf, fail } = setUp();
    ops.outcome = () => {
      const get = (): never => {
        throw new Error('gotcha');
      };
      const error = Object.assign(new Error('x'), { code: 'ERR_OPS_ALERT_DELIVERY' });
      throw Object.defineProperty(error, property, { get });
    };
    fail(4);
    await settle();
    ops.outcome = () => undefined;
    await clock.advance(1_000);
    expect(eventsOf('delivered')).toHaveLength(1);
    await clock.advance(200_000);
  });
});

describe('a clock that throws during an attempt', () => {
  it('costs a fault event, and the message is tried again', async () => {
    const { clock, ops, eventsOf, fail } = setUp();
    const { monotonic } = clock;
    ops.outcome = () => {
      clock.monotonic = () => {
        throw new Error('no time');
      };
      throw new Error('down');
    };
    fail(4);
    await settle();
    expect(eventsOf('fault').length).toBeGreaterThan(0);
    clock.monotonic = monotonic;
    ops.outcome = () => undefined;
    await clock.advance(1_000);
    expect(eventsOf('delivered')).toHaveLength(1);
    await clock.advance(200_000);
  });
});

describe('a rise that waits while the beginning is refused', () => {
  it('is told as the beginning, since it is the first that the channel hears', async () => {
    const { alerts, clock, ops, eventsOf, fail } = setUp({
      rules: { errorSpike: spike({ over: 3, within: '1h', severity: { medium: 3, high: 6 } }) },
    });
    ops.outcome = async ({ firing: [alert] }) => {
      if (alert?.severity !== 'medium') return;
      await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 100));
      throw new DeliveryError('no', { retryable: false });
    };
    fail(4);
    await settle();
    fail(4);
    await clock.advance(200);
    expect(eventsOf('failed')).toHaveLength(1);
    expect(eventsOf('delivered')).toMatchObject([
      { channel: 'ops', message: { kind: 'firing' } },
      { channel: 'other', message: { kind: 'undelivered' } },
    ]);
    expect(ops.messages.at(-1)?.firing).toMatchObject([{ severity: 'high' }]);
    await alerts.close();
  });
});

describe('a channel that hangs', () => {
  it('is cut off, tried again, and keeps no other waiting', async () => {
    const { alerts, clock, ops, other, eventsOf, fail } = setUp();
    ops.outcome = never;
    fail(7);
    await settle();
    expect(kinds(other.messages)).toEqual(['firing']);
    expect(eventsOf('delivered')).toMatchObject([{ channel: 'other' }]);
    await clock.advance(29_999);
    expect(ops.signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(ops.signals[0]?.aborted).toBe(true);
    expect(eventsOf('retry')).toMatchObject([{ error: { message: 'No answer within 30000 ms' } }]);
    await alerts.close({ drain: 0 });
  });
});

describe('an alert that ends before its beginning was delivered', () => {
  it('is told in one message, escalation and all', async () => {
    const { clock, ops, fail } = setUp();
    ops.outcome = () => {
      throw new Error('down');
    };
    fail(7);
    await clock.advance(110_000);
    ops.messages.length = 0;
    ops.outcome = () => undefined;
    await clock.advance(60_000);
    expect(kinds(ops.messages)).toEqual(['fired-and-resolved']);
    const [message] = ops.messages;
    expect(message?.text).toMatch(
      /^FIRED \(high\) AND RESOLVED after 1m 50s: errorSpike in billing/,
    );
  });

  it('while the beginning is being sent waits for how that goes', async () => {
    for (const works of [true, false]) {
      const { clock, ops, eventsOf, fail } = setUp({ delivery: { sendTimeout: '1h' } });
      let end: { resolve: () => void; reject: (error: Error) => void } | undefined;
      ops.outcome = () => new Promise<void>((resolve, reject) => (end = { resolve, reject }));
      fail(4);
      await clock.advance(150_000);
      expect(kinds(ops.messages)).toEqual(['firing']);
      ops.outcome = () => undefined;
      if (works) end?.resolve();
      else end?.reject(new Error('down'));
      await clock.advance(60_000);
      expect(kinds(eventsOf('delivered').map((event) => event.message))).toEqual(
        works ? ['firing', 'resolved'] : ['fired-and-resolved'],
      );
    }
  });
});

describe('close', () => {
  it('delivers what is queued, and reports', async () => {
    const { alerts, ops, clock, fail } = setUp();
    fail(4);
    expect(await alerts.close({ drain: '5s' })).toEqual({ deliveredCount: 1, undelivered: [] });
    expect(kinds(ops.messages)).toEqual(['firing']);
    expect(clock.timerCount).toBe(0);
  });

  it('goes on trying, and when the time is up aborts and says what is left', async () => {
    const { alerts, ops, other, clock, eventsOf, fail } = setUp();
    ops.outcome = () => {
      throw new Error('down');
    };
    other.outcome = never;
    fail(7);
    await settle();
    const closing = alerts.close({ drain: '5s' });
    await clock.advance(4_999);
    expect(ops.messages.length).toBeGreaterThan(2);
    expect(other.signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    const { undelivered } = await closing;
    expect(undelivered.map(({ channel, kind }) => `${channel} ${kind}`)).toEqual([
      'ops firing',
      'other firing',
    ]);
    expect(other.signals[0]?.aborted).toBe(true);
    expect(eventsOf('failed')).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  it('does not wait for a retry that would come too late', async () => {
    const { alerts, ops, clock, fail } = setUp();
    ops.outcome = () => {
      throw busy(60_000);
    };
    fail(4);
    await settle();
    const { undelivered } = await alerts.close({ drain: '5s' });
    expect(undelivered).toHaveLength(1);
    expect(clock.timerCount).toBe(0);
  });

  it('ends at once when its signal is aborted, before or during', async () => {
    for (const isBefore of [true, false]) {
      const { alerts, ops, clock, fail } = setUp();
      const controller = new AbortController();
      ops.outcome = never;
      fail(4);
      await settle();
      if (isBefore) controller.abort();
      const closing = alerts.close({ drain: '5s', signal: controller.signal });
      controller.abort();
      expect((await closing).undelivered).toHaveLength(1);
      expect(clock.timerCount).toBe(0);
    }
  });

  it('counts no error after it, and gives the first report again', async () => {
    const { alerts, events, fail } = setUp();
    const first = alerts.close();
    fail(10);
    expect(await alerts.close({ drain: 0 })).toBe(await first);
    expect(events).toEqual([]);
  });

  it('resolves nothing, but takes the step that is due', async () => {
    const { alerts, clock, ops, fail } = setUp();
    fail(4);
    await settle();
    clock.stall(110_000);
    await alerts.close();
    expect(kinds(ops.messages)).toEqual(['firing', 'resolved']);

    const other = setUp();
    other.fail(4);
    await other.alerts.close();
    expect(kinds(other.ops.messages)).toEqual(['firing']);
  });

  it('may be called by whoever it tells', async () => {
    const closings: Promise<unknown>[] = [];
    const { alerts, clock, fail } = setUp({
      onEvent: (event) => {
        if (event.type === 'transition' && event.to === 'ok') closings.push(alerts.close());
      },
    });
    fail(4);
    await settle();
    clock.stall(110_000);
    const report = await alerts.close();
    expect(report).toEqual({ deliveredCount: 1, undelivered: [] });
    expect(await Promise.all(closings)).toEqual([report]);
  });

  it('refuses wrong options and goes on', async () => {
    const { alerts, fail } = setUp();
    await expect(alerts.close({ drain: '5 seconds' as '5s' })).rejects.toThrow(/^close: drain: /);
    await expect(alerts.close({ drian: '5s' } as object)).rejects.toThrow(
      'drian: there is no such option',
    );
    fail(4);
    await settle();
    expect(alerts.active()).toHaveLength(1);
    await alerts.close();
  });
});
