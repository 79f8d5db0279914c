/**
 * What `error()` costs its caller, and what is left in memory of a million distinct messages:
 * `node --expose-gc bench/error-cost.ts`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAlerts, failures, firstSeen, spike } from '../src/index.ts';

const COUNT = 1_000_000;
/** Events of one turn of the event loop; a flood does not wait for turns. */
const PER_TURN = [1, 100, COUNT];

function create(): ReturnType<typeof createAlerts> {
  return createAlerts({
    service: 'bench',
    environment: 'bench',
    channels: { none: { kind: 'none', send: async () => {} } },
    rules: {
      errorSpike: spike({ over: 100, within: '1h', severity: { medium: 100, high: 200 } }),
      partners: failures({
        by: 'integration',
        consecutive: 5,
        over: [10, '1h'],
        severity: 'medium',
      }),
      fresh: firstSeen({ severity: 'low' }),
    },
    routes: [{ to: ['none'] }],
  });
}

/** Distinct to the letter and in kind: no two messages have the same words. */
function messages(count: number): Error[] {
  const word = (value: number): string =>
    value
      .toString(26)
      .replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)));
  Error.stackTraceLimit = 0;
  return Array.from(
    { length: count },
    (_, index) => new Error(`could not ${word(index)} the order`),
  );
}

function heapUsed(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

for (const perTurn of PER_TURN) {
  const alerts = create();
  const count = perTurn === 1 ? COUNT / 10 : COUNT;
  const errors = messages(count);
  const labels = { route: '/pay', integration: 'shopify' };
  const costs = new Float64Array(count);
  const before = heapUsed();
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    alerts.error(errors[index], labels);
    costs[index] = performance.now() - started;
    if ((index + 1) % perTurn === 0) await nextTurn();
  }
  await alerts.flush();
  const grownBytes = heapUsed() - before;
  // They are alive until here: what has grown is what alerts keeps.
  if (errors.length !== count) throw new Error('unreachable');
  costs.sort();
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / count;
  const at = (share: number): string =>
    ((costs[Math.floor(count * share)] ?? 0) * 1_000).toFixed(1);
  console.log(
    `${perTurn} a turn: mean ${(mean * 1_000).toFixed(2)} µs, p50 ${at(0.5)} µs, p99 ${at(0.99)} µs,` +
      ` p99.9 ${at(0.999)} µs; heap grown by ${(grownBytes / 1e6).toFixed(1)} MB`,
  );
  await alerts.close({ drain: 0 });
}
