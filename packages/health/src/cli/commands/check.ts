import type { OutgoingHttpHeaders } from 'node:http';
import { CheckFailedError } from '../../errors.ts';
import type { Arguments } from '../arguments.ts';
import type { CommandContext, Ended } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { getPage } from '../get-page.ts';
import { judgePage } from '../judge-page.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_TIMEOUT_MS = 5_000;
/** Docker keeps 4,096 bytes of what a probe prints. */
const MOST_REASONS = 10;

/** Prints one line: the status, how it was answered, and codes. */
export async function run({ args }: CommandContext): Promise<Ended> {
  const url = urlIn(args);
  const headers = headersIn(args);
  const acceptable = expectedIn(args);
  const timeoutMs = args.duration('timeout') ?? DEFAULT_TIMEOUT_MS;
  try {
    const answer = await getPage(url, headers, timeoutMs);
    const { status, reasons } = judgePage(answer);
    const isHealthy = acceptable.includes(status);
    return {
      exitCode: isHealthy ? EXIT.ok : EXIT.failed,
      stdout: line(status, `HTTP ${answer.httpStatus}`, reasons),
    };
  } catch (error) {
    if (!(error instanceof CheckFailedError)) throw error;
    const reason = `${error.outcome}: ${error.message}`;
    return { exitCode: EXIT.failed, stdout: line('fail', 'no answer', [reason]) };
  }
}

function line(status: string, how: string, reasons: readonly string[]): string {
  const more = reasons.length - MOST_REASONS;
  const shown = [...reasons.slice(0, MOST_REASONS), ...(more > 0 ? [`${more} more`] : [])];
  return `${status} (${how})${shown.length === 0 ? '' : `: ${shown.join(', ')}`}\n`;
}

function urlIn({ operands: [text = ''] }: Arguments): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(
    'check: expected an absolute http or https URL',
    'As http://localhost:8080/readyz. What was given is not shown: it may hold a password.',
  );
}

function expectedIn(args: Arguments): readonly string[] {
  const worst = args.text('expect') ?? 'warn';
  if (worst === 'warn') return ['pass', 'warn'];
  if (worst === 'pass') return ['pass'];
  throw new UsageError('check: --expect: expected pass or warn');
}

/** RFC 9110, 5.6.2 and 5.5; Node.js would quote a value that it refuses. */
const HEADER = /^([\w!#$%&'*+.^`|~-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

function headersIn(args: Arguments): OutgoingHttpHeaders {
  const given = args.list('header').map((header): [string, string] => {
    const [, name, value] = HEADER.exec(header) ?? [];
    if (name !== undefined && value !== undefined) return [name.toLowerCase(), value.trim()];
    throw new UsageError(
      "check: --header: expected 'NAME: VALUE'",
      'What was given is not shown: it may be a secret.',
    );
  });
  return {
    accept: 'application/health+json, application/json;q=0.9, text/plain;q=0.8, */*;q=0.1',
    'user-agent': 'ops-health',
    ...Object.fromEntries(given),
  };
}
