import { type Clock, systemClock } from '@ops/timeout';
import { callable, durationMs, type Fault, parseOptions } from '@ops/timeout/options';
import * as z from 'zod';
import type { Check, CheckSpec } from './check.ts';
import type { HealthEvent } from './events.ts';
import type { CheckDefaults, HealthOptions, ServiceInfo } from './health-options.ts';

const text = z.string().optional();

const service: z.ZodType<ServiceInfo, ServiceInfo> = z.strictObject({
  id: text,
  version: text,
  releaseId: text,
  description: text,
});

const named = { error: 'expected an object' };

const limit = durationMs({ isMinExcluded: true });
const limits = {
  timeout: limit.optional(),
  ttl: limit.optional(),
  maxStale: limit.optional(),
};

const check = z.preprocess(
  (given) => (typeof given === 'function' ? { run: given } : given),
  z.strictObject(
    {
      run: callable<CheckSpec['run']>(),
      kind: z.enum(['component', 'datastore', 'system']).optional(),
      external: z.boolean().optional(),
      critical: z.boolean().optional(),
      close: callable<NonNullable<CheckSpec['close']>>().optional(),
      ...limits,
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
  preset: z.enum(['kubernetes']).optional(),
  onEvent: callable<(event: HealthEvent) => void>().optional(),
  clock: z
    .custom<Clock>((value) => typeof (value as Clock | null)?.setTimeout === 'function', {
      error: 'expected a clock',
    })
    .optional(),
});

/** One check as the engine takes it. */
export interface CheckSettings {
  readonly name: string;
  /** Calls the check as it was given, so that a `run` that uses `this` finds it. */
  readonly run: CheckSpec['run'];
  readonly close: (() => void | Promise<void>) | undefined;
  readonly kind: 'component' | 'datastore' | 'system';
  readonly critical: boolean;
  readonly timeoutMs: number;
  readonly ttlMs: number;
  readonly maxStaleMs: number;
}

/** The options of `createHealth` with every default filled in. */
export interface HealthSettings {
  readonly service: ServiceInfo;
  readonly checks: readonly CheckSettings[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly details: Details;
  readonly detailsTimeoutMs: number;
  readonly redact: readonly string[];
  readonly basePath: string;
  /** HTTP status of a failing z-page. */
  readonly pageFailStatus: 500 | 503;
  readonly onEvent: ((event: HealthEvent) => void) | undefined;
  readonly clock: Clock;
}

const DEFAULT_TIMEOUT_MS = 1_000;
const DEFAULT_TTL_MS = 5_000;

/** @throws InvalidOptionsError naming every fault. */
export function readOptions(options: HealthOptions): HealthSettings {
  const parsed = parseOptions(schema, options, {
    of: 'createHealth',
    secretKeys: ['url', 'headers', 'redact'],
    further: furtherFaults,
  });
  const checks = Object.entries(parsed.checks).map(([name, own]) => {
    const timeoutMs = own.timeout ?? parsed.defaults?.timeout ?? DEFAULT_TIMEOUT_MS;
    const ttlMs = own.ttl ?? parsed.defaults?.ttl ?? DEFAULT_TTL_MS;
    return {
      ...callsOf(options.checks[name] as Check),
      name,
      kind: own.kind ?? 'component',
      critical: own.critical ?? true,
      timeoutMs,
      ttlMs,
      maxStaleMs: own.maxStale ?? parsed.defaults?.maxStale ?? 3 * ttlMs + timeoutMs,
    };
  });
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
    pageFailStatus: parsed.preset === 'kubernetes' ? 500 : 503,
    onEvent: parsed.onEvent,
    clock: parsed.clock ?? systemClock,
  };
}

function callsOf(given: Check): Pick<CheckSettings, 'run' | 'close'> {
  if (typeof given === 'function') return { run: given, close: undefined };
  return {
    run: (context) => given.run(context),
    close: given.close === undefined ? undefined : () => given.close?.(),
  };
}

/** No colon (health+json), no slash (`/livez/NAME`), nothing that breaks a line of text. */
const NAME = /^[^\s:/\p{C}]{1,64}$/u;
const NAME_FORM = 'expected 1 to 64 characters without colon, slash and white space';

function furtherFaults(options: unknown): Fault[] {
  const { checks, groups, defaults } = record(options);
  return [
    ...Object.keys(record(checks)).flatMap((name) =>
      nameFaults('checks', name, ['shutdown', '__proto__']),
    ),
    ...Object.keys(record(groups)).flatMap((name) =>
      nameFaults('groups', name, ['all', '__proto__']),
    ),
    ...Object.entries(record(groups)).flatMap(([group, members]) =>
      memberFaults(group, members, record(checks)),
    ),
    ...Object.entries(record(checks)).flatMap(([name, given]) =>
      staleFaults(name, record(given), record(defaults)),
    ),
  ];
}

function nameFaults(option: string, name: string, reserved: readonly string[]): Fault[] {
  if (reserved.includes(name)) {
    return [{ path: [option], message: `'${name}' is a reserved name; choose another` }];
  }
  return NAME.test(name)
    ? []
    : [
        {
          path: [option],
          message: `${NAME_FORM} as a name, got ${JSON.stringify(name.slice(0, 80))}`,
        },
      ];
}

function memberFaults(group: string, members: unknown, checks: Record<string, unknown>): Fault[] {
  if (!Array.isArray(members)) return [];
  const names = members.filter((name): name is string => typeof name === 'string');
  const fault = (message: string): Fault => ({ path: ['groups', group], message });
  const known = Object.keys(checks)
    .map((name) => `'${name}'`)
    .join(', ');
  return [
    ...[...new Set(names)]
      .filter((name) => !Object.hasOwn(checks, name))
      .map((name) =>
        fault(`'${name.slice(0, 80)}' is not a check; the checks are ${known || 'none'}`),
      ),
    ...[...new Set(names.filter((name, at) => names.indexOf(name) !== at))].map((name) =>
      fault(`'${name.slice(0, 80)}' is named more than once`),
    ),
    ...names
      .filter((name) => group === 'live' && record(checks[name])['external'] === true)
      .map((name) =>
        fault(
          `'${name}' depends on something outside this process, which a restart of it would not repair; move it to ready`,
        ),
      ),
  ];
}

function staleFaults(
  name: string,
  spec: Record<string, unknown>,
  defaults: Record<string, unknown>,
): Fault[] {
  const ms = (key: keyof CheckDefaults): number | undefined =>
    limit.safeParse(spec[key] ?? defaults[key]).data;
  const ttlMs = ms('ttl') ?? DEFAULT_TTL_MS;
  const maxStaleMs = ms('maxStale') ?? Infinity;
  if (maxStaleMs >= ttlMs) return [];
  const message = `expected at least the ttl of ${ttlMs} ms, got ${maxStaleMs} ms`;
  return [{ path: ['checks', name, 'maxStale'], message }];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
