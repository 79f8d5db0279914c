import type { Rule } from '../rule.ts';
import { escapeMarkdown, ruleMarkdown, severityOf } from './rule-text.ts';

/** The reference page of all rules, in Markdown, in the order of their ids. */
export function formatRulePage(rules: readonly Rule[]): string {
  const sorted = rules.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const counts = Map.groupBy(sorted, ({ severity }) => severity);
  const count = (severity: Rule['severity']): number => counts.get(severity)?.length ?? 0;
  const rows = sorted.map((rule) => {
    return `| [\`${rule.id}\`](#${rule.id}) | ${rule.severity} | ${escapeMarkdown(rule.summary)} |`;
  });
  return `${[
    '# Lint rules of @ops/migrations',
    `${rules.length} rules. Found by default: ${count('error')} as errors, ${count('warning')} as warnings; ${count('off')} are off unless switched on. This page is made from the rules; \`ops-migrate explain <rule>\` prints one of them.`,
    `Switch a finding off where it is meant, and say why:\n\n\`\`\`sql\n-- ops: allow <rule> -- <reason>\n\`\`\``,
    ['| rule | default | looks for |', '| --- | --- | --- |', ...rows].join('\n'),
    ...sorted.map(
      (rule) => `## ${rule.id}\n\nDefault: ${severityOf(rule)}.\n\n${ruleMarkdown(rule)}`,
    ),
  ].join('\n\n')}\n`;
}
