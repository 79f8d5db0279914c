import { advise, formatAdvice } from '../../advise/index.ts';
import { performanceIndexes } from '../../performance-indexes/index.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { loadConfig } from '../config.ts';
import { withConnection } from '../open-migrator.ts';
import { readQueries } from '../query-file.ts';
import { UsageError } from '../usage-error.ts';

const METHODS = ['auto', 'hypothetical', 'build'] as const;

export async function run(context: CommandContext): Promise<Outcome> {
  const { args, output, signal } = context;
  const indexes = args.list('index');
  const file = args.text('queries');
  if (indexes.length > 0 && file === undefined) {
    throw new UsageError(
      'ops-migrate advise: --index needs --queries',
      'An index is good for queries; say which: --queries FILE.',
    );
  }
  const options = {
    indexes: indexes.length > 0 ? indexes : performanceIndexes,
    queries: file === undefined ? undefined : await readQueries(file),
    schema: args.text('in-schema'),
    method: args.choice('method', METHODS),
    runs: args.count('runs', 1),
    statementTimeout: args.duration('statement-timeout'),
    buildTimeout: args.duration('build-timeout'),
    lockTimeout: args.duration('lock-timeout'),
    connectTimeout: args.duration('connect-timeout'),
  };
  const config = await loadConfig(args);
  return withConnection(context, config, async (connection) => {
    const report = await advise(connection, {
      ...options,
      signal,
      onEvent(event) {
        output.json(event);
        const text =
          event.type === 'query-finished'
            ? `${event.phase}: query ${event.number}/${event.count}`
            : `built ${event.index}`;
        output.progress([text]);
      },
    });
    output.progress(undefined);
    return { summary: report, text: formatAdvice(report) };
  });
}
