import { uuid7 } from '../uuid.ts';
import { isIntended, type LossReason } from './drop.ts';

/** The part of a request that tells the server what this client has lost. */
interface LossReport {
  readonly lost: Readonly<Record<string, number>>;
  readonly lostId: string;
}

/** Losses on their way to the server, which cannot know of them otherwise. */
export interface LossLedger {
  add(reason: LossReason, count: number): void;
  /**
   * What the next request is to carry. The same report, under the same id, until it is acknowledged,
   * whatever is lost meanwhile: an attempt whose answer was lost may have been counted, and the server
   * can know that only by the id.
   */
  current(now: number): LossReport | undefined;
  /** The server has taken the present report. */
  acknowledge(): void;
}

export function createLossLedger(): LossLedger {
  let unsent: Record<string, number> = {};
  let report: LossReport | undefined;
  return {
    add(reason, count) {
      if (!isIntended(reason)) unsent[reason] = (unsent[reason] ?? 0) + count;
    },
    current(now) {
      if (report === undefined && Object.keys(unsent).length > 0) {
        report = { lost: unsent, lostId: uuid7(now) };
        unsent = {};
      }
      return report;
    },
    acknowledge() {
      report = undefined;
    },
  };
}
