import type { ConnectionSource } from '../database/client.ts';
import { createMigrator, type Migrator } from '../migrator.ts';
import type { MigratorOptions } from '../options.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';
import { loadConfig } from './config.ts';
import { type Environment, URL_VARIABLES } from './environment.ts';
import { chooseSources } from './sources.ts';
import { UsageError } from './usage-error.ts';

/**
 * Does `work` with a migrator as command line, configuration and environment say, in this order of
 * precedence. A pool of the configuration is ended afterwards.
 *
 * @throws UsageError, InvalidOptionsError
 */
export async function withMigrator<T>(
  context: CommandContext,
  work: (migrator: Migrator, options: MigratorOptions) => Promise<T>,
): Promise<T> {
  const { args, output } = context;
  const config = await loadConfig(args);
  return withConnection(context, config, async (connection) => {
    const sources = chooseSources(args, config, output);
    const options = migratorOptions(context, config);
    const full = { ...options, connection, sources };
    return work(createMigrator(full), full);
  });
}

/** Does `work` with the database that command line, configuration or environment name. */
export async function withConnection<T>(
  { args, env, hide }: CommandContext,
  config: Partial<MigratorOptions>,
  work: (connection: ConnectionSource) => Promise<T>,
): Promise<T> {
  if (typeof config.connection === 'string') hide(config.connection);
  const connection = chooseConnection(args, config, env);
  try {
    return await work(connection);
  } finally {
    await endPool(connection);
  }
}

/** All but where the database and the files are. */
function migratorOptions(
  { args, live }: CommandContext,
  config: Partial<MigratorOptions>,
): Omit<MigratorOptions, 'connection' | 'sources'> {
  const { history, lock, timeouts, retry, onEvent } = config;
  return {
    ...config,
    history: { ...history, ...given('schema', args.text('schema')) },
    lock: { ...lock, ...given('wait', args.duration('lock-wait')) },
    timeouts: {
      ...timeouts,
      ...given('lock', args.duration('lock-timeout')),
      ...given('connect', args.duration('connect-timeout')),
    },
    retry: { ...retry, ...given('attempts', args.count('attempts', 1)) },
    onEvent(event) {
      live.onEvent(event);
      return onEvent?.(event);
    },
  };
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [name in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in Name]?: Value };
}

function chooseConnection(
  args: Arguments,
  config: Partial<MigratorOptions>,
  env: Environment,
): ConnectionSource {
  const url = args.text('database-url');
  if (url !== undefined) return checked(url, '--database-url');
  if (config.connection !== undefined) return config.connection;
  for (const name of URL_VARIABLES) {
    const value = env[name];
    if (value !== undefined && value !== '') return checked(value, name);
  }
  throw new UsageError(
    'It is not said which database',
    `Set ${URL_VARIABLES.join(' or ')}, or give --database-url, or a connection in --config.`,
  );
}

/** Said here, where it is known which of the places is meant. */
function checked(url: string, place: string): string {
  if (/^postgres(?:ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new UsageError(
    `${place}: expected a URL that begins with postgres://`,
    'What is given is not shown, because it may hold a password. Characters such as / and # in a password are written %2F and %23.',
  );
}

/** Its idle connections would keep the process for 10 s. */
async function endPool(connection: ConnectionSource): Promise<void> {
  if (typeof connection !== 'object') return;
  const end: unknown = Reflect.get(connection, 'end');
  if (typeof end === 'function') await end.call(connection);
}
