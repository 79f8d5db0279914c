import { expectTypeOf, test } from 'vitest';
import type { ExternalCheckSpec } from '../../health/src/check.ts';
import type { Measurement } from '../../health/src/measurement.ts';
import type { MetricFamily } from '../../health/src/metrics/exposition.ts';
import {
  type Cleanup,
  type CleanupMeasurement,
  type CleanupMetric,
  cleanupCheck,
} from '../src/index.ts';

declare const cleanup: Cleanup<'a' | 'b'>;

test('a check of cleanup is one that @ops/health takes, and so is what it measures', () => {
  expectTypeOf(cleanupCheck(cleanup)).toExtend<ExternalCheckSpec>();
  expectTypeOf<CleanupMeasurement>().toExtend<Measurement>();
  const { every: _, ...spec } = cleanupCheck(cleanup, { policies: ['a'] });
  expectTypeOf({ ...spec, every: '1h' as const }).toExtend<ExternalCheckSpec>();
});

test('its metrics have the shape of those of @ops/health', () => {
  expectTypeOf<CleanupMetric>().toExtend<MetricFamily>();
});
