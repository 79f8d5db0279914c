import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDamping } from '../src/damping.ts';
import { createHealth } from '../src/index.ts';
import type { Status } from '../src/status.ts';
import { manualClock } from './manual-clock.ts';

const LETTERS: Readonly<Record<string, Status>> = { p: 'pass', w: 'warn', f: 'fail' };
const shownFor = (raw: string, failAfter: number, passAfter: number): string => {
  const damping = createDamping({ failAfter, passAfter });
  return raw.replaceAll(/./g, (letter) => damping.add(LETTERS[letter] as Status).charAt(0));
};

describe('createDamping', () => {
  test.each([
    // failAfter, passAfter, what came, what is shown
    [1, 1, 'ppffpfp', 'ppffpfp'],
    [3, 1, 'pffpffpfffp', 'pwwpwwpwwfp'],
    [1, 3, 'pfppfppppf', 'pfwwfwwppf'],
    [2, 2, 'pfpfpffpfpp', 'pwpwpwfwfwp'],
    // A warn is serving: no failure while up, a step to recovery while down.
    [2, 2, 'wfwfffwpw', 'wwwwffwpw'],
    // The first result stands as it is: nothing contradicts it yet.
    [3, 3, 'fpppfff', 'fwwpwwf'],
    [3, 3, 'pf', 'pw'],
  ])('failAfter %i, passAfter %i: %s shows as %s', (failAfter, passAfter, raw, shown) => {
    expect(shownFor(raw, failAfter, passAfter)).toBe(shown);
  });

  test('a fail is shown only after failAfter of them in a row, or at first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('p', 'w', 'f'), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (letters, failAfter, passAfter) => {
          const raw = letters.join('');
          const shown = shownFor(raw, failAfter, passAfter);
          const allowed = letters.map((letter, at) => {
            const past = raw.slice(0, at + 1);
            if (past.endsWith('f'.repeat(failAfter))) return 'f';
            if (new RegExp(`[pw]{${passAfter}}$`).test(past)) return letter;
            // Nothing but a fail or a warn is ever shown for a fail, and no fail for anything else.
            return letter === 'f' ? 'fw' : 'pw';
          });
          expect(allowed.map((some, at) => some.includes(shown.charAt(at)))).not.toContain(false);
        },
      ),
    );
  });
});

describe('in a report', () => {
  test('the raw status, its code and the streak are told besides', async () => {
    const clock = manualClock();
    let isDown = false;
    const health = createHealth({
      checks: {
        database: {
          run: () => {
            if (isDown) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
          },
          failAfter: 2,
          passAfter: 2,
        },
      },
      clock,
    });
    const round = async () => {
      await clock.advance(5_000);
      const { status, checks } = await health.check('ready');
      const { raw, code, consecutiveFailures, consecutivePasses } = checks.database;
      return [status, raw, code, consecutiveFailures, consecutivePasses];
    };
    expect(await round()).toEqual(['pass', 'pass', 'ok', 0, 1]);
    isDown = true;
    expect(await round()).toEqual(['warn', 'fail', 'refused', 1, 0]);
    expect(await round()).toEqual(['fail', 'fail', 'refused', 2, 0]);
    const downSince = health.report().checks.database.since;
    expect(await round()).toEqual(['fail', 'fail', 'refused', 3, 0]);
    expect(health.report().checks.database.since).toEqual(downSince);
    isDown = false;
    expect(await round()).toEqual(['warn', 'pass', 'ok', 0, 1]);
    expect(await round()).toEqual(['pass', 'pass', 'ok', 0, 2]);
    expect(health.report().checks.database.since).toEqual(new Date(clock.now()));
    await health.stop();
  });

  test('an attempt that hangs counts again when the next would have been due', async () => {
    const clock = manualClock();
    let isStuck = false;
    const stuck = {
      run: () => (isStuck ? new Promise<void>(() => {}) : undefined),
      failAfter: 3,
    };
    const health = createHealth({
      checks: { asked: stuck, scheduled: { ...stuck, every: '10s', jitter: 0 } },
      clock,
    });
    const shown = async () => {
      const { asked, scheduled } = (await health.check()).checks;
      return [asked.status, scheduled.status];
    };
    expect(await shown()).toEqual(['pass', 'pass']);
    isStuck = true;
    await clock.advance(10_000);
    const second = shown();
    await clock.advance(1_000);
    expect(await second).toEqual(['warn', 'warn']);
    await clock.advance(9_000);
    expect(await shown()).toEqual(['warn', 'warn']);
    await clock.advance(10_000);
    expect(await shown()).toEqual(['fail', 'fail']);
    expect(health.report().checks.scheduled).toMatchObject({
      code: 'timeout',
      consecutiveFailures: 3,
      running: true,
      // The attempts, not the results: one passed, one hangs.
      totals: { pass: 1, warn: 0, fail: 1 },
      message: expect.stringContaining('running for 20000 ms now'),
    });
    await health.stop();
  });

  test('a check that is not critical shows no more than a warning', async () => {
    const health = createHealth({
      checks: { optional: { run: () => ({ status: 'fail' }), critical: false, failAfter: 2 } },
    });
    expect((await health.check()).checks.optional).toMatchObject({ status: 'warn', raw: 'fail' });
    await health.stop();
  });
});
