import { createConnector } from '../../database/connector.ts';
import { openSession } from '../../database/session.ts';
import { labelOf } from '../../errors.ts';
import { type DetectedTool, detectTools } from '../../history/adopt/find-table.ts';
import type { AdoptedTool } from '../../history/adopt/tool.ts';
import { TOOLS } from '../../history/adopt/tools.ts';
import { type MigratorOptions, parseOptions } from '../../options.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { styled } from '../line.ts';
import { noteLines } from '../note-lines.ts';
import { withMigrator } from '../open-migrator.ts';
import { suggest } from '../suggest.ts';
import { UsageError } from '../usage-error.ts';

export async function run(context: CommandContext): Promise<Outcome> {
  const [name] = context.args.operands;
  const tool = name === undefined ? undefined : toolNamed(name);
  return withMigrator(context, async (migrator, options) => {
    if (tool === undefined) return detect(context, options);
    const { args, signal } = context;
    const [schema, table] = [args.text('from-schema'), args.text('from-table')];
    const report = await migrator.adopt(tool, { schema, table, signal });
    const { adopted, pending, notes } = report;
    return {
      summary: report,
      lines: [
        ...adopted.map((migration) => `  adopted  ${labelOf(migration)}`),
        ...pending.map((migration) => `  pending  ${labelOf(migration)}`),
        ...noteLines(notes),
        [
          styled('green', '✓'),
          ` ${adopted.length} taken over from ${report.table} · ${pending.length} pending`,
        ],
      ],
    };
  });
}

function toolNamed(name: string): AdoptedTool {
  if (Object.hasOwn(TOOLS, name)) return name as AdoptedTool;
  const names = Object.keys(TOOLS);
  const meant = suggest(name, names);
  throw new UsageError(
    `ops-migrate adopt: '${name}' is no tool whose history can be taken over`,
    meant === undefined ? `Tools: ${names.join(', ')}` : `Did you mean ${meant}?`,
  );
}

/** Only looks: which of several tools is meant, or whether the one is, a person has to say. */
async function detect({ signal }: CommandContext, options: MigratorOptions): Promise<Outcome> {
  const settings = parseOptions(options);
  const connector = createConnector(settings.connection, settings.connectTimeoutMs);
  const session = await openSession(connector, settings, signal);
  try {
    const found = await detectTools(session);
    return {
      exitCode: found.length > 0 ? EXIT.ok : EXIT.failed,
      summary: { detected: found },
      lines:
        found.length > 0
          ? found.map(detectedLine)
          : ['No table of a known tool was found. Is this the right database?'],
    };
  } finally {
    await session.close();
  }
}

function detectedLine({ tool, schema, table }: DetectedTool): string {
  return `${tool} was here (${schema}.${table}). Take its history over: ops-migrate adopt ${tool} --from-schema ${schema}`;
}
