import { lintTexts, smallTexts, writeFolder } from './folders.ts';
import { type Contestant, inTurn } from './in-turn.ts';
import { median, type Section, table, timeTable, verdict } from './markdown.ts';
import { type Run, runProgram } from './run-program.ts';
import { expecting, folderOf, inDatabase, OURS, type Setting, up } from './setting.ts';

const LIMIT_S = 1;

/** The linter over a folder as long as those of grown applications. */
export async function benchLint(setting: Setting, fileCount: number): Promise<Section> {
  const texts = lintTexts(fileCount);
  const folder = await writeFolder(folderOf(setting, 'lint'), texts);
  const run = (label: string, program: string): Contestant => ({
    label,
    run: () => runProgram(setting.consumer.program(program), [folder]),
  });
  const outcomes = await inTurn(
    [
      run('@ops/migrations/lint', 'ops-lint'),
      run('libpg-query alone, reading and parsing', 'parse-only'),
    ],
    setting.isQuick ? { count: 2, warmUps: 1 } : { count: 15, warmUps: 2 },
  );
  const [ours, parser] = outcomes;
  const findings = (ours?.runs[0]?.result ?? []) as readonly string[];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const times = (ours?.runs ?? []).filter(({ failure }) => failure === undefined);
  const wallMs = median(times.map((each) => each.wallMs));
  return {
    title: `Lint of ${fileCount} files`,
    lines: [
      `${(bytes / 1024).toFixed(0)} kB, ${String(parser?.runs[0]?.result)} statements, ` +
        `${findings.length} findings of ${new Set(findings).size} rules.`,
      '',
      ...timeTable(outcomes),
      '',
      verdict('median of lint', wallMs / 1_000, LIMIT_S, 's'),
    ],
    raw: outcomes,
  };
}

/** What no-op runs load. The linter shows that the parser would be seen. */
export async function benchLoading(setting: Setting): Promise<Section> {
  const { consumer } = setting;
  const hook = ['--import', consumer.program('loaded-modules')];
  const folder = await writeFolder(folderOf(setting, 'loading'), smallTexts(8));
  const idle = await inDatabase(setting, async ({ url }) => {
    await up(setting, OURS, url, folder);
    const run = await runProgram(consumer.program(OURS.program), [url, folder], hook);
    return expecting(run, run.result === 0, 'found files to apply');
  });
  const lint = await runProgram(consumer.program('ops-lint'), [folder], hook);
  if (!packagesOf(lint).has('libpg-query')) {
    throw new Error('the parser is not seen even where it is used');
  }
  if (packagesOf(idle).has('libpg-query')) throw new Error('a no-op run loads the parser');
  const rows = Object.entries({ 'no-op `up`': idle, lint }).map(([label, run]) => {
    const packages = packagesOf(run);
    const files = run.loaded.filter((url) => !url.startsWith('node:'));
    return [
      label,
      run.failure ?? files.length,
      packages.has('libpg-query') ? 'yes' : 'no',
      [...packages].map(([name, count]) => `${name} ${count}`).join(', '),
    ];
  });
  return {
    title: 'What is loaded',
    lines: table(['process', 'files:', 'parser loaded', 'files by package'], rows),
    raw: { idle: idle.loaded, lint: lint.loaded },
  };
}

/** How many files of each package were loaded; the program itself and Node's own not counted. */
function packagesOf({ loaded }: Run): Map<string, number> {
  const counts = new Map<string, number>();
  for (const url of loaded) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
