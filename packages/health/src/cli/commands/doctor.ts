import type { DoctorReport, PostgresPool, Relation } from '../../postgres/index.ts';
import type { Arguments } from '../arguments.ts';
import type { CommandContext, Ended } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { plainText } from '../plain-text.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

/** Prints what `diagnose` finds. */
export async function run({ args, env, signal, hide }: CommandContext): Promise<Ended> {
  const url = databaseUrl(args, env['DATABASE_URL'], hide);
  const relations = args.list('relation').map(relationIn);
  const timeout = args.duration('timeout') ?? DEFAULT_TIMEOUT_MS;
  const pool = await openPool(url, timeout);
  const { diagnose, formatDiagnosis } = await import('../../postgres/index.ts');
  const report = await diagnose(pool, {
    signal,
    timeout,
    ...(relations.length > 0 ? { relations } : {}),
  });
  const exitCode = exitCodeOf(report);
  const isJson = args.has('json');
  const text = isJson
    ? `${plainText(JSON.stringify({ exitCode, ...report }))}\n`
    : formatDiagnosis(report);
  return { exitCode, stdout: text };
}

function exitCodeOf({ level }: DoctorReport): number {
  return { ok: EXIT.ok, info: EXIT.ok, warn: EXIT.warnings, error: EXIT.errors }[level];
}

/**
 * Its clients are made by `diagnose`; the pool itself never connects. The limits are those of a server
 * or network that no longer answers: a server that does ends its statements sooner.
 */
async function openPool(connectionString: string, timeoutMs: number): Promise<PostgresPool> {
  try {
    const { default: pg } = await import('pg');
    return new pg.Pool({
      connectionString,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError('doctor: the package pg is not installed', 'npm install pg', {
      cause: error,
    });
  }
}

function databaseUrl(
  args: Arguments,
  fromEnvironment: string | undefined,
  hide: (url: string) => void,
): string {
  const given = args.text('database-url') ?? fromEnvironment ?? '';
  if (given === '') {
    throw new UsageError(
      'doctor: it is not said which database',
      'Set DATABASE_URL, or give --database-url.',
    );
  }
  const url = URL.parse(given);
  // An @ after the host is the end of a password that was cut off at its / or ? or #.
  const tail = url === null ? '@' : `${url.pathname}${url.search}${url.hash}`;
  if (/^postgres(?:ql)?:\/\//.test(given) && !tail.includes('@')) {
    hide(given);
    return given;
  }
  throw new UsageError(
    'doctor: the database: expected a URL that begins with postgres://',
    'What is given is not shown: it may hold a password. There, / is written %2F, ? %3F, # %23 and @ %40.',
  );
}

/** At the first equals sign that is not in a quoted name. What the names are is checked by `diagnose`. */
function relationIn(text: string): Relation {
  const [, from, to] = /^((?:"[^"]*"|[^"=])+)=(.+)$/s.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return { from, to };
  throw new UsageError(
    'doctor: --relation: expected FROM=TO',
    'As orders.customer_id=customers.id, or app.lines.a,b=app.orders.a,b.',
  );
}
