import type { UnneededRule } from '../explain.ts';
import type { Rule } from '../rule.ts';

/**
 * A rule for a terminal: what it looks for, why, the lock, both examples, the versions. Of a rule that
 * is not needed here, why not.
 */
export function formatRule(rule: Rule | UnneededRule): string {
  if ('isNeeded' in rule) return `${rule.id}  not needed here\n\n${indent(rule.why)}\n`;
  return `${rule.id}  ${severityOf(rule)}\n\n${indent(ruleText(rule))}\n`;
}

/** As {@link formatRule}, without the heading. */
export function ruleText(rule: Rule): string {
  const { summary, why, lock, rewrite, bad, good, url } = rule;
  const parts = [summary, `Why\n${indent(why)}`];
  if (lock !== undefined) parts.push(`Lock\n${indent(lock)}`);
  parts.push(`Instead\n${indent(rewrite)}`, `Bad\n${indent(bad)}`, `Good\n${indent(good)}`);
  parts.push(`Versions\n${indent(versionsOf(rule))}`);
  if (url !== undefined) parts.push(`See\n${indent(url)}`);
  return parts.join('\n\n');
}

/** A rule for a page, without its heading. */
export function ruleMarkdown(rule: Rule): string {
  const { summary, why, lock, rewrite, bad, good, url } = rule;
  const parts = [escapeMarkdown(sentence(summary)), `**Why.** ${escapeMarkdown(why)}`];
  if (lock !== undefined) parts.push(`**Lock.** ${escapeMarkdown(lock)}`);
  parts.push(`**Instead.** ${escapeMarkdown(rewrite)}`);
  parts.push(`Bad:\n\n${sqlBlock(bad)}`, `Good:\n\n${sqlBlock(good)}`);
  parts.push(`${versionsOf(rule)}.${url === undefined ? '' : ` See <${url}>.`}`);
  return parts.join('\n\n');
}

/** What its findings do unless the options say otherwise. */
export function severityOf({ severity }: Rule): string {
  return severity === 'off' ? 'off unless switched on' : severity;
}

function versionsOf({ fromVersion, untilVersion }: Rule): string {
  if (fromVersion !== undefined && untilVersion !== undefined) {
    return fromVersion === untilVersion
      ? `PostgreSQL ${fromVersion}`
      : `PostgreSQL ${fromVersion} to ${untilVersion}`;
  }
  if (fromVersion !== undefined) return `PostgreSQL ${fromVersion} and later`;
  if (untilVersion !== undefined) return `PostgreSQL ${untilVersion} and earlier`;
  return 'All versions of PostgreSQL';
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

/** Makes text of it, for the places where Markdown has marks. What is in backquotes stays code. */
export function escapeMarkdown(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll(/[\\*_[\]<>|#]/g, String.raw`\$&`)))
    .join('');
}

/** With a fence that is longer than any run of backquotes in it. */
function sqlBlock(sql: string): string {
  const longest = Math.max(2, ...(sql.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sql\n${sql.trim()}\n${fence}`;
}
