import { sep } from 'node:path';
import type { Finding, LintReport } from '../finding.ts';
import { printableLine, printableText } from './printable.ts';

/**
 * Workflow commands that GitHub Actions shows beside the lines of a pull request, one a finding. Empty
 * when there is none. GitHub shows the first 10 errors and 10 warnings of a step; the rest are only in
 * its log.
 *
 * Paths must be relative to the repository's root: run it there.
 *
 * @see https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export function formatGitHub(report: LintReport): string {
  return report.findings.map((finding) => `${command(finding)}\n`).join('');
}

function command(finding: Finding): string {
  const { severity, rule, file, line, endLine, column, endColumn, message } = finding;
  const properties: readonly (readonly [string, string | number])[] = [
    ['file', sep === '\\' ? file.replaceAll('\\', '/') : file],
    ['line', line],
    ['endLine', endLine],
    ['col', column],
    // GitHub takes columns to be of one line.
    ...(endLine === line ? [['endColumn', endColumn] as const] : []),
    ['title', rule],
  ];
  const written = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const body = [message, ...details(finding)].join('\n');
  return `::${severity} ${written.join(',')}::${escapeData(printableText(body))}`;
}

function details({ why, lock, safeRewrite }: Finding): string[] {
  const parts = ['', why];
  if (lock !== undefined) parts.push('', `Lock: ${lock}`);
  if (safeRewrite !== undefined) parts.push('', 'Instead:', safeRewrite);
  return parts;
}

/** `%` first, or the others' would be escaped twice. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** As {@link escapeData}, and the two signs that end a property. */
function escapeProperty(text: string): string {
  return escapeData(printableLine(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
