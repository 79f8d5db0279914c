/**
 * Calls `up` once and prints, one a line, the addresses of all modules that were loaded for it.
 * Arguments: connection URL, folder, history schema.
 */
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});
const { createMigrator, directory } = await import('../src/index.ts');
const [connection, folder = '', schema] = process.argv.slice(2);
await createMigrator({ connection, sources: [directory(folder)], history: { schema } }).up();
process.stdout.write(loaded.join('\n'));
