import type { CommandContext, Outcome } from '../command.ts';
import { plainText } from '../plain-text.ts';
import { whoOf } from '../who.ts';
import { withAlerts } from '../with-alerts.ts';

/** Takes charge of an alert. */
export function run(context: CommandContext): Promise<Outcome> {
  const [id = ''] = context.args.operands;
  const by = whoOf(context);
  const note = context.args.text('note');
  return withAlerts(context, async (alerts) => {
    const alert = await alerts.acknowledge(id, { by, ...(note !== undefined && { note }) });
    return {
      json: { alert },
      lines: [plainText(`${by} has taken charge of ${alert.id}: ${alert.reason}`)],
    };
  });
}
