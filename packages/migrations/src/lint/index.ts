// Looking at migration files without running them.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
export { MissingPeerError } from '../errors.ts';
// What is known about the rules.
export { explain, ruleIds, type UnneededRule } from './explain.ts';
export type { Finding, LintReport, Severity, SuppressedFinding } from './finding.ts';
export { lint } from './lint.ts';
export type { LintFile, LintOptions } from './options.ts';
// Reports as text.
export { formatGitHub } from './report/github.ts';
export {
  formatJson,
  formatNdjson,
  type JsonFinding,
  type JsonReport,
  type JsonSummary,
  type JsonSuppressedFinding,
  type NdjsonLine,
} from './report/json.ts';
export { formatRule } from './report/rule-text.ts';
export { formatSarif, type SarifOptions } from './report/sarif.ts';
export { formatText, type TextOptions } from './report/text.ts';
export { formatTrace, formatTraceJson } from './report/trace-text.ts';
export type { Rule } from './rule.ts';
export type { Blocks, TraceLockMode } from './trace/lock-mode.ts';
export type { TraceProgress } from './trace/replay.ts';
export type {
  InvalidIndex,
  TracedLock,
  TraceEntry,
  TraceFailure,
  TraceReport,
  TraceSkip,
  UncoveredForeignKey,
} from './trace/report.ts';
// Running the files on a PostgreSQL in memory, and looking at their locks.
export { type TraceOptions, trace } from './trace.ts';
