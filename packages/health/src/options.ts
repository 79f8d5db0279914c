import { type Clock, systemClock } from '@ops/timeout';
import { callable, parseOptions } from '@ops/timeout/options';
import * as z from 'zod';
import type { Check, CheckSpec } from './check.ts';
import {
  checkPolicy,
  DEFAULT_JITTER,
  DEFAULT_TIMEOUT_MS,
  DEFAULT_TTL_MS,
  limits,
} from './check-policy.ts';
import type { CheckSettings } from './check-settings.ts';
import type { HealthEvent } from './events.ts';
import type { HealthOptions, ServiceInfo } from './health-options.ts';
import { type Preset, statusCodes, statusCodeTables } from './http/status-codes.ts';
import { furtherFaults } from './option-faults.ts';
import {
  type PublisherSettings,
  publisher,
  publisherSettings,
} from './publishers/publisher-settings.ts';
import type { ScheduleSettings } from './schedule.ts';

const text = z.string().optional();

const service: z.ZodType<ServiceInfo, ServiceInfo> = z.strictObject({
  id: text,
  version: text,
  releaseId: text,
  description: text,
});

const named = { error: 'expected an object' };

const check = z.preprocess(
  (given) => (typeof given === 'function' ? { run: given } : given),
  z.strictObject(
    {
      run: callable<CheckSpec['run']>(),
      kind: z.enum(['component', 'datastore', 'system']).optional(),
      external: z.boolean().optional(),
      close: callable<NonNullable<CheckSpec['close']>>().optional(),
      ...checkPolicy,
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'expected a function or an object' : undefined,
    },
  ),
);

type Details = NonNullable<HealthOptions['details']>;

/** Everything but what takes two options to judge; see {@link furtherFaults}. */
const schema = z.strictObject({
  service: service.optional(),
  defaults: z.strictObject(limits).optional(),
  checks: z.record(z.string(), check, named),
  groups: z.record(z.string(), z.array(z.string()).optional(), named).optional(),
  details: z
    .custom<Details>((value) => typeof value === 'boolean' || typeof value === 'function', {
      error: 'expected a boolean or a function',
    })
    .optional(),
  redact: z.array(z.string().min(4, { error: 'expected 4 characters or more' })).optional(),
  basePath: z
    .string()
    .regex(/^(\/[^/\s?#]+)*$/, { error: "expected '' or a path as '/ops'" })
    .optional(),
  preset: z.enum(['kubernetes', 'consul', 'microprofile']).optional(),
  statusCodes: statusCodes.optional(),
  publishers: z.array(publisher).optional(),
  onEvent: callable<(event: HealthEvent) => void>().optional(),
  clock: z
    .custom<Clock>((value) => typeof (value as Clock | null)?.setTimeout === 'function', {
      error: 'expected a clock',
    })
    .optional(),
  random: callable<() => number>().optional(),
});

/** The options of `createHealth` with every default filled in. */
export interface HealthSettings {
  readonly service: ServiceInfo;
  readonly checks: readonly CheckSettings[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly details: Details;
  readonly detailsTimeoutMs: number;
  readonly redact: readonly string[];
  readonly basePath: string;
  readonly defaultTtlMs: number;
  readonly preset: Preset | undefined;
  readonly statusCodes: ReturnType<typeof statusCodeTables>;
  readonly publishers: readonly PublisherSettings[];
  readonly onEvent: ((event: HealthEvent) => void) | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws InvalidOptionsError naming every fault. */
export function readOptions(options: HealthOptions): HealthSettings {
  const parsed = parseOptions(schema, options, {
    of: 'createHealth',
    secretKeys: ['url', 'headers', 'redact'],
    further: furtherFaults,
  });
  const checks = Object.entries(parsed.checks).map(([name, own]) =>
    checkSettings(name, options.checks[name] as Check, own, parsed.defaults ?? {}),
  );
  const given = Object.entries(parsed.groups ?? {});
  const names = checks.map(({ name }) => name);
  return {
    service: parsed.service ?? {},
    checks,
    groups: {
      live: [],
      ready: names,
      startup: [],
      ...Object.fromEntries(
        given.flatMap(([group, members]) => (members ? [[group, members]] : [])),
      ),
      all: names,
    },
    details: parsed.details ?? false,
    detailsTimeoutMs: parsed.defaults?.timeout ?? DEFAULT_TIMEOUT_MS,
    redact: parsed.redact ?? [],
    basePath: parsed.basePath ?? '',
    defaultTtlMs: parsed.defaults?.ttl ?? DEFAULT_TTL_MS,
    preset: parsed.preset,
    statusCodes: statusCodeTables(parsed.preset, parsed.statusCodes),
    publishers: (parsed.publishers ?? []).map((one, at) =>
      publisherSettings(one, options.publishers?.[at] ?? one),
    ),
    onEvent: parsed.onEvent,
    clock: parsed.clock ?? systemClock,
    random: parsed.random ?? (() => Math.random()),
  };
}

function checkSettings(
  name: string,
  given: Check,
  own: z.output<typeof check>,
  defaults: NonNullable<z.output<typeof schema>['defaults']>,
): CheckSettings {
  const timeoutMs = own.timeout ?? defaults.timeout ?? DEFAULT_TIMEOUT_MS;
  const ttlMs = own.ttl ?? defaults.ttl ?? DEFAULT_TTL_MS;
  const { kind = 'component', critical = true, failAfter = 1, passAfter = 1, id } = own;
  const schedule = scheduleOf(own);
  const maxStaleMs =
    own.maxStale ??
    // A default in seconds would make a check that runs every quarter of an hour stale for most of it.
    (schedule === undefined
      ? (defaults.maxStale ?? 3 * ttlMs + timeoutMs)
      : 3 * schedule.everyMs + timeoutMs);
  return {
    ...callsOf(given),
    name,
    kind,
    id,
    critical,
    timeoutMs,
    ttlMs,
    maxStaleMs,
    schedule,
    failAfter,
    passAfter,
    affects: Object.freeze([...(own.affects ?? [])]),
  };
}

function scheduleOf({
  every,
  initialDelay = 0,
  jitter = DEFAULT_JITTER,
}: z.output<typeof check>): ScheduleSettings | undefined {
  return every === undefined ? undefined : { everyMs: every, initialDelayMs: initialDelay, jitter };
}

function callsOf(given: Check): Pick<CheckSettings, 'run' | 'close'> {
  if (typeof given === 'function') return { run: given, close: undefined };
  return {
    run: (context) => given.run(context),
    close: given.close === undefined ? undefined : () => given.close?.(),
  };
}
