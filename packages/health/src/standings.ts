import type { Clock } from '@ops/timeout';
import type { CheckRunner } from './check-runner.ts';
import type { HealthEvent } from './events.ts';
import { decreed, type Lifecycle } from './lifecycle.ts';
import { standingOf } from './report.ts';
import { type Standing, worstOf } from './status.ts';

/** What it looks at, and whom it tells. */
export interface StandingsSource {
  readonly runners: readonly CheckRunner[];
  readonly groups: ReadonlyMap<string, readonly CheckRunner[]>;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly emit: (events: readonly HealthEvent[]) => void;
}

/**
 * How each group stands, worked out when something happens and not when somebody asks: results come
 * a few times a minute, probes thousands of times a second.
 */
export interface Standings {
  /** Changes with the status or code of any check or group. */
  readonly version: number;
  /** Changes with anything that a report shows. */
  readonly revision: number;
  of(group: string): Standing;
  /** Changes with what watchers of the group are told. */
  toldVersion(group: string): number;
  /** Something has happened that no status hangs on. */
  touch(): void;
  /** Something has happened. */
  update(): void;
  /** Called after each change of what a group's watchers are told. Gives back what ends it. */
  subscribe(wake: () => void): () => void;
}

/** A group that there is not is no healthy one. */
const UNKNOWN: Standing = { status: 'fail', code: 'not_run' };

interface Told {
  standing: Standing;
  signature: string;
  version: number;
}

export function createStandings(source: StandingsSource): Standings {
  const { runners, groups, lifecycle, clock, emit } = source;
  const shown = new Map<string, Standing>();
  const toldOfChecks = new Map<CheckRunner, Standing>();
  const toldOfGroups = new Map<string, Told>();
  const wakes = new Set<() => void>();
  let signature = '';
  let version = 0;
  let revision = 0;
  /** When the next result will be too old, which changes what is shown though nothing happens. */
  let oldFromMs = Infinity;

  function look(): void {
    if (clock.monotonic() > oldFromMs) update();
  }

  function update(): void {
    revision += 1;
    show();
    oldFromMs = Math.min(...runners.map((runner) => runner.oldFromMs()));
    tell();
  }

  function show(): void {
    if (standing('startup', standingOf).status !== 'fail') lifecycle.hasStarted = true;
    for (const group of groups.keys()) shown.set(group, standing(group, standingOf));
    const parts = [...shown.values(), ...runners.map((runner) => runner.standing())];
    const next = parts.map(({ status, code }) => `${status} ${code}`).join();
    if (next !== signature) version += 1;
    signature = next;
  }

  function standing(group: string, of: (runner: CheckRunner, group: string) => Standing): Standing {
    const members = groups.get(group) ?? [];
    return decreed(lifecycle, group) ?? worstOf(members.map((runner) => of(runner, group)));
  }

  /** What happened is noted before anyone is told, who may do something that happens too. */
  function tell(): void {
    const at = new Date(clock.now());
    emit([...checkChanges(at), ...groupChanges(at)]);
    for (const wake of wakes) wake();
  }

  function checkChanges(at: Date): HealthEvent[] {
    return runners.flatMap((runner): HealthEvent[] => {
      const told = runner.told();
      if (told === undefined) return [];
      const from = toldOfChecks.get(runner)?.status ?? 'not_run';
      toldOfChecks.set(runner, told);
      const { status: to, code } = told;
      const { message } = runner.reading();
      const check = runner.settings.name;
      return from === to ? [] : [{ type: 'change', check, from, to, code, message, at }];
    });
  }

  function groupChanges(at: Date): HealthEvent[] {
    return [...groups].flatMap(([group, members]): HealthEvent[] => {
      const next = standing(group, toldIn);
      const before = toldOfGroups.get(group);
      const parts = [next, ...members.map((runner) => toldIn(runner, group))];
      const nextSignature = parts.map(({ status, code }) => `${status} ${code}`).join();
      const isSame = nextSignature === before?.signature;
      const toldVersion = (before?.version ?? 0) + (isSame ? 0 : 1);
      toldOfGroups.set(group, { standing: next, signature: nextSignature, version: toldVersion });
      const from = before?.standing.status ?? next.status;
      const { status: to, code } = next;
      const message = code === 'fatal' ? lifecycle.fatalReason : undefined;
      return from === to ? [] : [{ type: 'group-change', group, from, to, code, message, at }];
    });
  }

  update();
  return {
    get version() {
      look();
      return version;
    },
    get revision() {
      look();
      return revision;
    },
    of: (group) => {
      look();
      return shown.get(group) ?? UNKNOWN;
    },
    toldVersion: (group) => {
      look();
      return toldOfGroups.get(group)?.version ?? 0;
    },
    touch: () => {
      revision += 1;
    },
    update,
    subscribe: (wake) => {
      wakes.add(wake);
      return () => {
        wakes.delete(wake);
      };
    },
  };
}

function toldIn(runner: CheckRunner, group: string): Standing {
  return runner.told() ?? standingOf(runner, group);
}
