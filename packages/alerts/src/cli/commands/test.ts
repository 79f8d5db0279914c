import type { CommandContext, Outcome } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { plainText } from '../plain-text.ts';
import { withAlerts } from '../with-alerts.ts';

/** Sends a test message. */
export function run(context: CommandContext): Promise<Outcome> {
  const [channel = ''] = context.args.operands;
  return withAlerts(context, async (alerts) => {
    context.progress(`Sending to ${plainText(channel)} …`);
    const { isDelivered, durationMs, error } = await alerts.test(channel);
    const took = `${Math.round(durationMs)} ms`;
    const line = isDelivered
      ? `Delivered to ${channel} in ${took}.`
      : `Not delivered to ${channel} after ${took}: ${error ?? 'no reason is known'}`;
    return {
      exitCode: isDelivered ? EXIT.ok : EXIT.failed,
      json: { channel, isDelivered, durationMs, error },
      lines: [plainText(line)],
    };
  });
}
