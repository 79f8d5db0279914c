import type { Duration } from '@ops/timeout/check';
import { SEVERITIES, type Severity } from '../../alert.ts';
import type { Alerts } from '../../alerts.ts';
import type { AlertMatch, Silence } from '../../silence.ts';
import { momentOf } from '../alert-table.ts';
import type { Arguments } from '../arguments.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { plainText } from '../plain-text.ts';
import { tableLines } from '../table.ts';
import { UsageError } from '../usage-error.ts';
import { whoOf } from '../who.ts';
import { withAlerts } from '../with-alerts.ts';

/** Makes, lists or ends silences. */
export async function run(context: CommandContext): Promise<Outcome> {
  const { args } = context;
  if (args.has('list')) return withAlerts(context, async (alerts) => list(alerts.silences()));
  if (args.has('end')) {
    const id = args.required('end');
    return withAlerts(context, (alerts) => end(alerts, id));
  }
  const request = {
    match: matchOf(args),
    for: lengthOf(args),
    by: whoOf(context),
    reason: args.required('reason'),
  };
  return withAlerts(context, async (alerts) => {
    const silence = await alerts.silence(request);
    return {
      json: { silence },
      lines: [`Silence ${silence.id} until ${momentOf(silence.endsAt)} UTC.`],
    };
  });
}

/** Nothing given would be every alert: that is said by --all, and not by forgetting. */
function matchOf(args: Arguments): AlertMatch {
  const [rule, severity, labels] = [
    args.list('rule'),
    args.list('severity').map(severityOf),
    labelsOf(args),
  ];
  const isEmpty = rule.length + severity.length + Object.keys(labels).length === 0;
  if (isEmpty !== args.has('all')) {
    throw new UsageError(
      isEmpty ? 'silence: it is not said which alerts' : 'silence: --all and a choice of alerts',
      'Give --rule, --severity or --label, or --all for every alert.',
    );
  }
  return {
    ...(rule.length > 0 && { rule }),
    ...(severity.length > 0 && { severity }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

function lengthOf(args: Arguments): Duration {
  const length = args.duration('for');
  if (length !== undefined) return length;
  throw new UsageError('silence: --for is missing', 'As in --for 2h.');
}

function severityOf(text: string): Severity {
  const severity = SEVERITIES.find((each) => each === text);
  if (severity !== undefined) return severity;
  throw new UsageError(`--severity: expected one of ${SEVERITIES.join(', ')}`);
}

/** Of a name that is given several times, any value will do. */
function labelsOf(args: Arguments): Readonly<Record<string, readonly string[]>> {
  const labels = new Map<string, readonly string[]>();
  for (const text of args.list('label')) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError('--label: expected NAME=VALUE', 'As in --label integration=shopify.');
    }
    labels.set(name, [...(labels.get(name) ?? []), value]);
  }
  // Own properties whatever their names: `__proto__` is a label like any other.
  return Object.fromEntries(labels);
}

async function end(alerts: Alerts, id: string): Promise<Outcome> {
  const isEnded = await alerts.endSilence(id);
  const line = isEnded ? `Silence ${id} has ended.` : `There is no silence ${id}, or it has ended.`;
  return {
    exitCode: isEnded ? EXIT.ok : EXIT.failed,
    json: { id, isEnded },
    lines: [plainText(line)],
  };
}

function list(silences: readonly Silence[]): Outcome {
  const rows = silences.map(({ id, match, endsAt, by, reason }) => [
    id,
    momentOf(endsAt),
    JSON.stringify(match),
    by,
    reason,
  ]);
  const lines =
    rows.length === 0
      ? ['There are no silences.']
      : tableLines(['ID', 'UNTIL (UTC)', 'ALERTS', 'BY', 'REASON'], rows);
  return { json: { silences }, lines };
}
