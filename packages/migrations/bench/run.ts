// node packages/migrations/bench/run.ts [--quick] [--json]: whole processes, beside what npm offers.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { benchApply } from './apply.ts';
import { createConsumer } from './consumer.ts';
import { startDatabases } from './databases.ts';
import { benchInterruptedIndex } from './interrupted-index.ts';
import { benchLint, benchLoading } from './linting.ts';
import { ms, type Section } from './markdown.ts';
import { benchNoOp } from './no-op.ts';
import { benchReplicas } from './replicas.ts';
import type { Setting } from './setting.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

async function machine({ consumer, databases }: Setting): Promise<Record<string, string>> {
  const [cpu] = cpus();
  return {
    cpu: `${cpus().length} × ${cpu?.model.trim()}`,
    load: `load average ${loadavg()[0]?.toFixed(1)} at the start`,
    node: `Node ${process.version}`,
    postgres: `PostgreSQL ${databases.version} on this machine (${databases.durability}; a commit takes ${ms(databases.commitMs)} ms)`,
    pg: `pg ${await consumer.version('pg')}`,
    peers: `node-pg-migrate ${await consumer.version('node-pg-migrate')}, postgres-migrations ${await consumer.version('postgres-migrations')}`,
  };
}

const parts: readonly ((setting: Setting) => Promise<Section>)[] = [
  (setting) => benchNoOp(setting, 200),
  (setting) => benchNoOp(setting, 1_000),
  (setting) => benchApply(setting, setting.isQuick ? 100 : 1_000),
  (setting) => benchLint(setting, 160),
  benchLoading,
  (setting) => benchReplicas(setting, 200),
  benchInterruptedIndex,
];

async function main(): Promise<void> {
  await using databases = await startDatabases();
  using consumer = await createConsumer();
  const setting: Setting = { consumer, databases, isQuick: options.quick };
  const facts = await machine(setting);
  const sections: Section[] = [];
  const caution = options.quick ? ' A quick run: too few rounds to quote.' : '';
  if (!options.json) console.log(`${Object.values(facts).join(', ')}.${caution}`);
  for (const part of parts) {
    const section = await part(setting);
    sections.push(section);
    if (!options.json) console.log(['', `### ${section.title}`, '', ...section.lines].join('\n'));
  }
  if (options.json) {
    const measured = sections.map(({ title, raw }) => ({ title, raw }));
    console.log(JSON.stringify({ machine: facts, isQuick: options.quick, sections: measured }));
  }
}

// Through the exit handlers, which remove what was made; the server goes when this process does.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
