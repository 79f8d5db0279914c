import { alertLines } from '../alert-table.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { withAlerts } from '../with-alerts.ts';

const DEFAULT_COUNT = 100;

/** Lists the past, newest first. */
export function run(context: CommandContext): Promise<Outcome> {
  const { args } = context;
  const since = args.duration('since') ?? '7d';
  const limit = args.count('limit') ?? DEFAULT_COUNT;
  const rule = args.text('rule');
  return withAlerts(context, async (alerts) => {
    const found = await alerts.history({ since, limit, ...(rule !== undefined && { rule }) });
    return {
      json: { since, alerts: found },
      lines:
        found.length === 0
          ? [`There were no alerts in the last ${since}.`]
          : alertLines(found, Date.now()),
    };
  });
}
