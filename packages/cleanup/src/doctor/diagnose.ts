import { inTransaction, isServerError, type Query } from '../database.ts';
import type { Settings } from '../options.ts';
import { LOOK_LIMITS } from '../policy/prepare-policy.ts';
import { LARGE_PAGE_COUNT } from '../policy/table-check.ts';
import { examineArchives } from './archives.ts';
import type { CleanupDiagnosis, CleanupFinding, FindingSeverity, TableState } from './diagnosis.ts';
import type { Case, Examination, Limits } from './examination.ts';
import { finding } from './finding.ts';
import { examineHistory } from './history.ts';
import { examineIndexes } from './indexes.ts';
import { examinePartitions } from './partitions.ts';
import { examineRights } from './rights.ts';
import { examineServer } from './server.ts';
import { examineSnapshots } from './snapshots.ts';
import { examineSoftDeletes } from './soft-deletes.ts';
import { findSubject, type Subject } from './subjects.ts';
import { tableStates } from './table-states.ts';
import { examineVacuum } from './vacuum.ts';

const LIMITS: Limits = {
  openSeconds: 300,
  largePages: LARGE_PAGE_COUNT,
  deadRows: 10_000,
  reusableBytes: 1_000_000_000,
  xmin: 1_000_000,
};

const ORDER: readonly FindingSeverity[] = ['error', 'warn', 'info'];

/** What is looked at, and with what limits. */
export interface DiagnoseOptions {
  readonly policies: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly limits?: Partial<Limits> | undefined;
}

/**
 * Looks for what keeps the policies from their work. Reads catalogs and statistics, in read-only
 * transactions, each statement limited to 10 s; takes no lock but those of reading.
 *
 * @throws the driver's error when the database cannot be reached, or the signal's reason.
 */
export async function diagnose(
  settings: Settings,
  { policies, signal, limits }: DiagnoseOptions,
): Promise<CleanupDiagnosis> {
  const { pool, clock } = settings;
  const look = <T>(work: (query: Query) => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    return inTransaction({ pool, clock, signal }, LOOK_LIMITS, work);
  };
  const failures: CleanupFinding[] = [];
  const attempt = async <T>(
    of: string,
    work: (query: Query) => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await look(work);
    } catch (error) {
      if (!isServerError(error)) throw error;
      failures.push(unexamined(of, error));
      return undefined;
    }
  };
  const subjects: Subject[] = [];
  for (const policy of policies) {
    const subject = await attempt(`the policy ${policy}`, (query) =>
      findSubject(query, settings, policy),
    );
    if (subject) subjects.push(subject);
  }
  const tables: readonly TableState[] =
    (await attempt('the sizes of the tables', (query) => tableStates(query, subjects))) ?? [];
  const findings: CleanupFinding[] = [];
  const found: Case = { settings, subjects, tables, limits: { ...LIMITS, ...limits } };
  for (const { of, examine } of examinations(found)) {
    findings.push(...((await attempt(of, examine)) ?? []));
  }
  return summary([...failures, ...findings], tables);
}

function examinations(found: Case): readonly Examination[] {
  return [
    examineServer(),
    examineHistory(found),
    examineRights(found),
    examineIndexes(found),
    examineVacuum(found),
    examineSnapshots(found),
    examinePartitions(found),
    ...examineSoftDeletes(found),
    ...examineArchives(found),
  ];
}

function summary(
  findings: readonly CleanupFinding[],
  tables: readonly TableState[],
): CleanupDiagnosis {
  const inOrder = ORDER.flatMap((severity) =>
    findings.filter((each) => each.severity === severity),
  );
  return { ok: inOrder.every(({ severity }) => severity === 'info'), findings: inOrder, tables };
}

function unexamined(
  of: string,
  { message, code }: { message: string; code: string },
): CleanupFinding {
  return finding({
    code: 'examination-failed',
    severity: 'error',
    message: `Could not look at ${of}: ${message} (${code})`,
    remedy: 'See what the server says; a missing right must be granted to the role of the pool',
  });
}
