import { expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import type { Rule } from '../../src/rule.ts';
import { failures } from '../../src/rules/failures.ts';
import type { FailuresOptions, failuresSchema } from '../../src/rules/failures-options.ts';
import { firstSeen } from '../../src/rules/first-seen.ts';
import type { FirstSeenOptions, firstSeenSchema } from '../../src/rules/first-seen-options.ts';
import {
  type HeartbeatOptions,
  heartbeat,
  type heartbeatSchema,
} from '../../src/rules/heartbeat.ts';
import { spike } from '../../src/rules/spike.ts';
import type { SpikeOptions, spikeSchema } from '../../src/rules/spike-options.ts';

test('what the schemas take is what the interfaces say', () => {
  expectTypeOf<Readonly<z.input<typeof spikeSchema>>>().toEqualTypeOf<SpikeOptions>();
  expectTypeOf<Readonly<z.input<typeof failuresSchema>>>().toEqualTypeOf<FailuresOptions>();
  expectTypeOf<Readonly<z.input<typeof heartbeatSchema>>>().toEqualTypeOf<HeartbeatOptions>();
  expectTypeOf<Readonly<z.input<typeof firstSeenSchema>>>().toEqualTypeOf<FirstSeenOptions>();
});

test('every rule is a Rule', () => {
  expectTypeOf(spike).returns.toExtend<Rule>();
  expectTypeOf(failures).returns.toExtend<Rule>();
  expectTypeOf(heartbeat).returns.toExtend<Rule>();
  expectTypeOf(firstSeen).returns.toExtend<Rule>();
  expectTypeOf(heartbeat({ every: '1h' }).kind).toEqualTypeOf<'heartbeat'>();
});
