/**
 * A replica: runs `up` or `down` once and prints events and the report as JSON lines. Exits with 1 on
 * failure. Arguments: connection URL, folder, history schema, for `down` the version that stays.
 */
import { createMigrator, directory } from '../src/index.ts';

const [url, folder = '', schema, to] = process.argv.slice(2);
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const migrator = createMigrator({
  connection: url,
  sources: [directory(folder)],
  history: { schema },
  // Many of these start at once.
  timeouts: { connect: '1m' },
  onEvent: print,
});
try {
  const report = await (to === undefined ? migrator.up() : migrator.down({ to }));
  print({ type: 'report', ...report });
} catch (error) {
  print({ type: 'error', message: String(error) });
  process.exitCode = 1;
}
