import { isUuid } from '../uuid.ts';
import { type DecodedLoss, isRecord } from './dialects/dialect.ts';

/** What clients say that they lost. */
export interface LostReports {
  /**
   * The counts of a report, each report once: undefined for one that was accepted before. Call it when
   * the answer is sure to be the 200 that acknowledges the report.
   *
   * @throws TypeError when it is no report
   */
  accept(sender: string, loss: DecodedLoss): Readonly<Record<string, number>> | undefined;
}

/**
 * Reports that are remembered, about 100 bytes each. A client repeats a report until its first 200
 * arrives, so only those of answers that were lost on the way come twice.
 */
const MAX_REMEMBERED = 10_000;

/** Reasons in one report; the clients of this package have fewer. */
const MAX_REASONS = 32;

const REASON = /^[a-z][a-z\d_]{0,63}$/;

/**
 * Remembers in this process: a report whose answer was lost, and that is repeated to another process,
 * counts twice.
 */
export function createLostReports(maxRemembered: number = MAX_REMEMBERED): LostReports {
  const accepted = new Set<string>();
  return {
    accept(sender, loss) {
      const counts = countsOf(loss);
      const key = `${String(loss.id).toLowerCase()} ${sender}`;
      if (accepted.has(key)) return undefined;
      accepted.add(key);
      if (accepted.size > maxRemembered)
        for (const oldest of accepted) {
          accepted.delete(oldest);
          break;
        }
      return counts;
    },
  };
}

function countsOf({ id, counts }: DecodedLoss): Readonly<Record<string, number>> {
  if (!isUuid(id)) throw new TypeError('lostId: expected a UUID');
  const entries = isRecord(counts) ? Object.entries(counts) : [];
  const isCount = ([reason, count]: readonly [string, unknown]): boolean =>
    REASON.test(reason) && Number.isSafeInteger(count) && Number(count) >= 0;
  if (entries.length === 0 || entries.length > MAX_REASONS || !entries.every(isCount)) {
    throw new TypeError('lost: expected a number of events for each reason');
  }
  return Object.fromEntries(entries) as Record<string, number>;
}
