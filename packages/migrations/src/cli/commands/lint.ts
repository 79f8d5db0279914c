import {
  formatGitHub,
  formatJson,
  formatNdjson,
  formatSarif,
  formatText,
  formatTrace,
  formatTraceJson,
  type LintReport,
  lint,
  type Severity,
  trace,
} from '../../lint/index.ts';
import type { Arguments } from '../arguments.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadConfig } from '../config.ts';
import { EXIT } from '../exit-code.ts';
import { chooseSources } from '../sources.ts';
import { UsageError } from '../usage-error.ts';
import { packageVersion } from '../version.ts';

/** How each format is written. */
const WRITE = {
  text: (report: LintReport, colour: boolean) => formatText(report, { colour }),
  json: formatJson,
  github: formatGitHub,
  sarif: (report: LintReport) => formatSarif(report, { version: packageVersion() }),
} as const;
type Format = keyof typeof WRITE;
const FORMATS = Object.keys(WRITE) as Format[];

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, output } = context;
  const format = args.choice('format', FORMATS) ?? 'text';
  if (args.has('trace')) return runTrace(context, format);
  const config = args.operands.length > 0 ? {} : await loadConfig(args);
  const report = await lint({
    ...(args.operands.length > 0
      ? { files: args.operands }
      : { sources: chooseSources(args, config, output) }),
    serverVersion: args.count('server-version', 9),
    rules: readRules(args),
    since: args.text('since'),
  });
  const { errorCount, warningCount, suppressed, fileCount, statementCount } = report;
  const items = formatNdjson(report)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly type: string })
    .filter(({ type }) => type !== 'lint-finished');
  const counts = { errorCount, warningCount, suppressedCount: suppressed.length };
  return {
    exitCode: errorCount > 0 ? EXIT.lint : EXIT.ok,
    items,
    summary: { ...counts, fileCount, statementCount },
    text: WRITE[format](report, output.hasColour),
  };
}

function readRules(args: Arguments): Record<string, Severity | 'off'> {
  return Object.fromEntries(
    args.list('rule').map((text) => {
      const [id = '', severity, ...rest] = text.split('=');
      if (isSeverity(severity) && rest.length === 0) return [id, severity];
      throw new UsageError(`--rule: expected ID=off, ID=warning or ID=error, got '${text}'`);
    }),
  );
}

function isSeverity(text: string | undefined): text is Severity | 'off' {
  return text === 'off' || text === 'warning' || text === 'error';
}

async function runTrace({ args, output }: CommandContext, format: Format): Promise<Outcome> {
  if (args.operands.length > 0) {
    throw new UsageError(
      'ops-migrate lint --trace: replays folders, not single files',
      'Give --dir.',
    );
  }
  if (format === 'github' || format === 'sarif') {
    throw new UsageError(`--format: with --trace, expected text or json, got '${format}'`);
  }
  const report = await trace({
    sources: chooseSources(args, await loadConfig(args), output),
    since: args.text('since'),
    onProgress({ file, number, count }) {
      output.progress([`replaying ${number}/${count} ${file}`]);
    },
  });
  output.progress(undefined);
  return {
    exitCode: report.failures.length > 0 ? EXIT.lint : EXIT.ok,
    summary: report,
    text: format === 'json' ? formatTraceJson(report) : formatTrace(report),
  };
}
