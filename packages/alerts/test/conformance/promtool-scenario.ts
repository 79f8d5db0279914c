import fc from 'fast-check';
import { spike } from '../../src/rules/spike.ts';
import { createSeries, stepSeries } from '../../src/series.ts';
import { errorAt } from '../rules/rule-events.ts';
import { contextOf } from '../series-context.ts';

const MINUTE_MS = 60_000;

/** One alerting rule, and a gauge that is 1 or 0 at each evaluation, one a minute. */
export interface PromScenario {
  readonly forMinutes: number;
  readonly keepMinutes: number;
  readonly gauge: readonly (0 | 1)[];
}

export const promScenarios: fc.Arbitrary<PromScenario> = fc
  .record({
    forMinutes: fc.integer({ min: 0, max: 5 }),
    keepMinutes: fc.integer({ min: 0, max: 5 }),
    // In stretches, about as long as the waits: single minutes would hardly ever fire.
    stretches: fc.array(fc.tuple(fc.constantFrom<0 | 1>(0, 1), fc.integer({ min: 1, max: 8 })), {
      minLength: 8,
      maxLength: 12,
    }),
  })
  .map(({ stretches, ...waits }) => ({
    ...waits,
    gauge: stretches.flatMap(([value, length]) => Array.from({ length }, () => value)).slice(0, 40),
  }));

/**
 * At which minutes our engine has an alert.
 *
 * A gauge that is 1 is an error at that minute in a window that is 1 ms longer than a minute. So the
 * condition is there from that evaluation until 1 ms after the next, which is when we look: Prometheus
 * knows nothing between two evaluations, and what an evaluation finds comes before a wait that ends at
 * the same moment. With `for` the same 1 ms is waited longer.
 */
export function minutesFiring({
  forMinutes,
  keepMinutes,
  gauge,
}: PromScenario): readonly boolean[] {
  const rule = spike({
    over: 0,
    within: MINUTE_MS + 1,
    for: forMinutes === 0 ? 0 : forMinutes * MINUTE_MS + 1,
    keepFiringFor: keepMinutes * MINUTE_MS,
  });
  let series = createSeries(rule, 'alert', '', 'k3f9', 0);
  return gauge.map((value, minute) => {
    const atMs = minute * MINUTE_MS;
    const events = value === 1 ? [errorAt(atMs)] : [];
    ({ series } = stepSeries(series, events, atMs + 1, contextOf(rule, 'alert')));
    return series.alert !== null;
  });
}

/** In promtool's formats: the rule, and a test of it that expects what {@link minutesFiring} says. */
export function promtoolFiles(
  scenario: PromScenario,
  ruleFile: string,
): { readonly rules: string; readonly tests: string } {
  const { forMinutes, keepMinutes, gauge } = scenario;
  const rules = `groups:
  - name: g
    interval: 1m
    rules:
      - alert: alert
        expr: gauge > 0
        for: ${forMinutes}m
        keep_firing_for: ${keepMinutes}m
`;
  const cases = minutesFiring(scenario).map(
    (isFiring, minute) => `      - eval_time: ${minute}m
        alertname: alert
        exp_alerts: ${isFiring ? '[{ exp_labels: {} }]' : '[]'}
`,
  );
  const tests = `rule_files: [${ruleFile}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: gauge
        values: '${gauge.join(' ')}'
    alert_rule_test:
${cases.join('')}`;
  return { rules, tests };
}
