import { type Clock, systemClock } from '@ops/timeout';
import { readOptions } from '@ops/timeout/check';
import { isVersion } from '../call-options.ts';
import type { Source } from '../sources/source.ts';
import { normalizeVersion } from '../sources/version.ts';
import type { Severity } from './finding.ts';
import { RULES } from './rules/registry.ts';

/** A file given by its text. */
export interface LintFile {
  /** Its name, for findings. */
  readonly file: string;
  readonly text: string;
}

/** Options of {@link lint}. Either `sources` or `files` has to be given. */
export interface LintOptions {
  /** As for `createMigrator`: read in the order in which they are run, their names judged. */
  readonly sources?: readonly Source[] | undefined;
  /** Single files, in this order: paths relative to the working directory, `file:` URLs, or texts. */
  readonly files?: readonly (string | URL | LintFile)[] | undefined;
  /** The lowest major version that the files have to run on, from 9. @default 15 */
  readonly serverVersion?: number | undefined;
  /** Severities other than the rules' own. @default {} */
  readonly rules?: Readonly<Record<string, Severity | 'off'>> | undefined;
  /**
   * Report only on files of this version and above. Older ones are read for what they make. The
   * files reported on are one run: a table made in one of them is new to all of them.
   */
  readonly since?: string | undefined;
  /** Versions that are applied: read for what they make, not reported on. Goes with `since`. */
  readonly assumeApplied?: readonly string[] | undefined;
  /** Tells which versions lie in the future. @default the real time */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** Options with defaults in place. */
export interface LintSettings {
  readonly sources: readonly Source[];
  readonly files: readonly (string | URL | LintFile)[];
  readonly serverVersion: number;
  readonly severities: ReadonlyMap<string, Severity>;
  readonly since: string | undefined;
  readonly applied: ReadonlySet<string>;
  readonly now: number;
}

/** @throws InvalidOptionsError naming every wrong option. */
export function readLintOptions(options: LintOptions): LintSettings {
  const reader = readOptions('lint', options);
  const isList = (value: unknown): boolean => Array.isArray(value);
  const sources = reader.value<readonly Source[]>('sources', 'a list of sources', isList);
  const files = reader.value<LintSettings['files']>('files', 'a list of files', isFiles);
  const serverVersion = reader.count('serverVersion', 9, 99);
  const rules = reader.value<Record<string, string>>('rules', 'severities by rule', isObject);
  const since = reader.value<string>('since', 'a version such as 20250201000000', isVersion);
  const applied = reader.value<readonly string[]>(
    'assumeApplied',
    'a list of versions',
    (value) => Array.isArray(value) && value.every(isVersion),
  );
  const clock = reader.object<Pick<Clock, 'now'>>('clock', ['now']);
  reader.fault((sources === undefined) === (files === undefined), 'give either sources or files');
  for (const fault of ruleFaults(rules ?? {})) reader.fault(true, fault);
  reader.done();
  return {
    sources: sources ?? [],
    files: files ?? [],
    serverVersion: serverVersion ?? 15,
    severities: severitiesOf(rules ?? {}),
    since: since && normalizeVersion(since),
    applied: new Set((applied ?? []).map((version) => normalizeVersion(version) ?? version)),
    now: (clock ?? systemClock).now(),
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFiles(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (each: unknown) =>
        typeof each === 'string' ||
        each instanceof URL ||
        (isObject(each) &&
          ['file', 'text'].every((key) => typeof Reflect.get(each as object, key) === 'string')),
    )
  );
}

function ruleFaults(rules: Readonly<Record<string, string>>): string[] {
  return Object.entries(rules).flatMap(([id, severity]) => [
    ...(RULES.some((rule) => rule.id === id) ? [] : [`rules: there is no rule ${id}`]),
    ...(['off', 'warning', 'error'].includes(severity)
      ? []
      : [`rules.${id}: expected off or warning or error`]),
  ]);
}

function severitiesOf(rules: Readonly<Record<string, string>>): Map<string, Severity> {
  return new Map(
    RULES.flatMap(({ id, severity }): [string, Severity][] => {
      const chosen = Object.hasOwn(rules, id) ? rules[id] : severity;
      return chosen === 'error' || chosen === 'warning' ? [[id, chosen]] : [];
    }),
  );
}
