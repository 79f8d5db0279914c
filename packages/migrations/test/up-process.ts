/**
 * A replica: runs `up` once and prints events and the report as JSON lines. Exits with 1 on failure.
 * Arguments: connection URL, folder, history schema.
 */
import { createMigrator, directory } from '../src/index.ts';

const [url, folder = '', schema] = process.argv.slice(2);
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const migrator = createMigrator({
  connection: url,
  sources: [directory(folder)],
  history: { schema },
  onEvent: print,
});
try {
  print({ type: 'report', ...(await migrator.up()) });
} catch (error) {
  print({ type: 'error', message: String(error) });
  process.exitCode = 1;
}
