import type { Diagnosed, DoctorReport } from './diagnose.ts';

/**
 * A report as text for a terminal: one block a finding, the worst first, then a line for each
 * examination. No colours. Control characters, which a hostile name may hold, are written as `\u001b`.
 */
export function formatDiagnosis(report: DoctorReport): string {
  const { server, time, findings } = report;
  const head = `PostgreSQL ${server.version}, ${server.role}, database ${server.database} as ${server.user}, ${time.toISOString()}`;
  return `${[
    head,
    '',
    ...findings.flatMap(blockOf),
    summaryOf(findings),
    '',
    ...examinationLines(report),
  ]
    .map(plain)
    .join('\n')}\n`;
}

/** `WARN   indexes/invalid_index   public.orders_idx`, then indented what and what to do. */
function blockOf({ level, check, name, object, detail, remediation }: Diagnosed): string[] {
  return [
    `${level.toUpperCase().padEnd(6)} ${check}/${name}${object === undefined ? '' : `  ${object}`}`,
    `       ${detail}`,
    ...(remediation === undefined ? [] : [`       → ${remediation}`]),
    '',
  ];
}

function summaryOf(findings: readonly Diagnosed[]): string {
  if (findings.length === 0) return 'Nothing found.';
  const counts = (['error', 'warn', 'info'] as const)
    .map((level) => [level, findings.filter((one) => one.level === level).length] as const)
    .filter(([, count]) => count > 0);
  return counts.map(([level, count]) => `${count} ${level}`).join(', ');
}

function examinationLines({ examinations }: DoctorReport): string[] {
  const width = Math.max(0, ...examinations.map(({ check }) => check.length));
  return examinations.map(({ check, status, code, message }) =>
    `${check.padEnd(width)}  ${status}${status === 'pass' ? '' : ` (${code})`}  ${message ?? ''}`.trimEnd(),
  );
}

function plain(line: string): string {
  return line.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
