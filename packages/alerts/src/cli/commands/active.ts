import { alertLines } from '../alert-table.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { withAlerts } from '../with-alerts.ts';

/** Lists what has not ended. */
export function run(context: CommandContext): Promise<Outcome> {
  return withAlerts(context, async (alerts) => {
    const active = alerts.active();
    return {
      exitCode: active.length === 0 ? EXIT.ok : EXIT.active,
      json: { alerts: active, silences: alerts.silences() },
      lines: active.length === 0 ? ['There are no alerts.'] : alertLines(active, Date.now()),
    };
  });
}
