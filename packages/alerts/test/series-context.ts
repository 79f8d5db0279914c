import type { ErrorSample } from '../src/alert.ts';
import type { Rule } from '../src/rule.ts';
import type { SeriesContext } from '../src/series.ts';

const SAMPLES: readonly ErrorSample[] = [{ message: 'card declined', count: 3 }];

export function contextOf(
  rule: Rule,
  name: string,
  more: Partial<SeriesContext> = {},
): SeriesContext {
  return {
    rule,
    name,
    service: 'billing',
    environment: 'test',
    samples: () => SAMPLES,
    isDegraded: false,
    ...more,
  };
}
