import { durationMs, type Fault } from '@ops/timeout/options';
import { DEFAULT_JITTER, DEFAULT_TIMEOUT_MS, DEFAULT_TTL_MS } from './check-policy.ts';
import { type Properties, record } from './record.ts';

const duration = durationMs({ isMinExcluded: true });

/** No colon (health+json), no slash (`/livez/NAME`), nothing that breaks a line of text. */
const NAME = /^[^\s:/\p{C}]{1,64}$/u;
const NAME_FORM = 'expected 1 to 64 characters without colon, slash and white space';

/** What takes two options, or a name, to judge. Given whatever came, however wrong. */
export function furtherFaults(options: unknown): Fault[] {
  const { checks, groups, defaults } = record(options);
  return [
    ...Object.keys(record(checks)).flatMap((name) =>
      nameFaults('checks', name, ['shutdown', 'fatal', '__proto__']),
    ),
    ...Object.keys(record(groups)).flatMap((name) =>
      nameFaults('groups', name, ['all', '__proto__']),
    ),
    ...Object.entries(record(groups)).flatMap(([group, members]) =>
      memberFaults(group, members, record(checks)),
    ),
    ...Object.entries(record(checks)).flatMap(([name, given]) =>
      policyFaults(name, record(given), record(defaults)),
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

function memberFaults(group: string, members: unknown, checks: Properties): Fault[] {
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

/** What is wrong between the options of one check. */
function policyFaults(name: string, spec: Properties, defaults: Properties): Fault[] {
  const fault = (option: string, message: string): Fault => ({
    path: ['checks', name, option],
    message,
  });
  if (spec['every'] === undefined) {
    return ['initialDelay', 'jitter']
      .filter((option) => spec[option] !== undefined)
      .map((option) => fault(option, 'has a meaning only together with every'))
      .concat(staleFaults(fault, spec, defaults));
  }
  const ttlFault = fault('ttl', 'has no meaning together with every; leave out one of the two');
  return [
    ...(spec['ttl'] === undefined ? [] : [ttlFault]),
    ...scheduledStaleFaults(fault, spec, defaults),
  ];
}

type MakeFault = (option: string, message: string) => Fault;

function staleFaults(fault: MakeFault, spec: Properties, defaults: Properties): Fault[] {
  const ttlMs = msOf(spec['ttl'] ?? defaults['ttl']) ?? DEFAULT_TTL_MS;
  const maxStaleMs = msOf(spec['maxStale'] ?? defaults['maxStale']) ?? Infinity;
  if (maxStaleMs >= ttlMs) return [];
  return [fault('maxStale', `expected at least the ttl of ${ttlMs} ms, got ${maxStaleMs} ms`)];
}

/** A check that is stale before its next result can be there would flicker for ever. */
function scheduledStaleFaults(fault: MakeFault, spec: Properties, defaults: Properties): Fault[] {
  const everyMs = msOf(spec['every']);
  const maxStaleMs = msOf(spec['maxStale']);
  if (everyMs === undefined || maxStaleMs === undefined) return [];
  const timeoutMs = msOf(spec['timeout'] ?? defaults['timeout']) ?? DEFAULT_TIMEOUT_MS;
  const jitter = typeof spec['jitter'] === 'number' ? spec['jitter'] : DEFAULT_JITTER;
  const leastMs = everyMs * (1 + jitter / 2) + timeoutMs;
  if (maxStaleMs >= leastMs) return [];
  const what = 'every × (1 + jitter / 2) + timeout, the longest time between two results';
  return [fault('maxStale', `expected at least ${leastMs} ms, ${what}, got ${maxStaleMs} ms`)];
}

/** Undefined for what is not a duration; the schema says so. */
function msOf(value: unknown): number | undefined {
  return duration.safeParse(value).data;
}
