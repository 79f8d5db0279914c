import type { Leaf } from '../catalog/leaf.ts';
import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { SoftDeleteSettings } from '../policy/policy-settings.ts';
import type { CleanupFinding } from './diagnosis.ts';
import type { Case, Examination } from './examination.ts';
import { age, figure, finding } from './finding.ts';
import { type FoundSubject, found } from './subjects.ts';

/** More are not counted. */
const MOST_COUNTED = 100_000;
/** A run a day may have been missed. */
const GRACE_SECONDS = 2 * 86_400;

/** Rows that are marked and wait to be purged; one examination a policy, since it reads rows. */
export function examineSoftDeletes({ subjects }: Case): readonly Examination[] {
  return found(subjects).flatMap((subject) => {
    const { outcome } = subject.settings;
    if (outcome.type !== 'soft-delete') return [];
    return [
      {
        of: `the soft-deleted rows of ${subject.facts.sql}`,
        examine: (query: Query) => examine(query, subject, outcome),
      },
    ];
  });
}

async function examine(
  query: Query,
  { policy, facts }: FoundSubject,
  { at, purgeAfterMs }: SoftDeleteSettings,
): Promise<readonly CleanupFinding[]> {
  if (!facts.columns.some(({ name }) => name === at)) return [];
  let count = 0;
  let oldest = 0;
  for (const leaf of facts.leaves) {
    const marked = await markedRows(query, leaf, at);
    count += marked.count;
    oldest = Math.max(oldest, marked.oldestSeconds);
  }
  if (count === 0) return [];
  const many = count > MOST_COUNTED ? `more than ${figure(MOST_COUNTED)}` : figure(count);
  const after = age(purgeAfterMs / 1_000);
  const isOverdue = oldest > purgeAfterMs / 1_000 + GRACE_SECONDS;
  const message = `${many} rows of ${facts.sql} are marked as deleted, the oldest that was looked at for ${age(oldest)}; the policy purges its own marks after ${after}`;
  const about = { policies: [policy], table: facts.sql, message } as const;
  return [
    isOverdue
      ? finding({
          code: 'purge-overdue',
          severity: 'warn',
          ...about,
          remedy:
            'Run the policy more often, or without a budget; rows that were changed after they were marked, or are held, or that the application or another policy has marked, stay',
        })
      : finding({ code: 'soft-deleted', severity: 'info', ...about }),
  ];
}

async function markedRows(
  query: Query,
  leaf: Leaf,
  at: string,
): Promise<{ readonly count: number; readonly oldestSeconds: number }> {
  const column = quoteIdentifier(at);
  const [row] = await query(
    `select
       count(*)::text as count,
       coalesce(extract(epoch from clock_timestamp() - min(marked_at)), 0)::text as seconds
     from (
       select ${column} as marked_at
       from only ${leaf.sql}
       where ${column} is not null
       limit ${MOST_COUNTED + 1}
     ) marked`,
  );
  return { count: Number(row?.['count']), oldestSeconds: Number(row?.['seconds']) };
}
