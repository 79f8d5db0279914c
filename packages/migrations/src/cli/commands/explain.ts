import { explain, formatRule, ruleIds } from '../../lint/index.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { type Line, styled } from '../line.ts';
import { suggest } from '../suggest.ts';
import { tableLines } from '../table.ts';
import { UsageError } from '../usage-error.ts';

export async function run({ args }: CommandContext): Promise<Outcome> {
  const [id] = args.operands;
  if (id === undefined) return listRules();
  const rule = explain(id);
  if (rule !== undefined) return { summary: { rule }, text: formatRule(rule) };
  const meant = suggest(id, ruleIds());
  throw new UsageError(
    `ops-migrate explain: there is no rule ${id}`,
    meant === undefined ? 'List them: ops-migrate explain' : `Did you mean ${meant}?`,
  );
}

function listRules(): Outcome {
  const rules = ruleIds().flatMap((id) => {
    const rule = explain(id);
    if (rule === undefined || 'isNeeded' in rule) return [];
    const { severity, summary } = rule;
    return [{ id, severity, summary }];
  });
  const rows = rules.map(({ id, severity, summary }) => {
    const style = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
    return [id, styled(style, severity), summary];
  });
  const lines: Line[] = [
    ...tableLines(['rule', 'severity', 'looks for'], rows),
    `${rules.length} rules; ops-migrate explain <rule> tells why and what to write instead`,
  ];
  return { summary: { rules }, lines };
}
