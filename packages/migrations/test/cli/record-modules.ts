/** Imported before a program: prints, at its end, the addresses of all modules that it has loaded. */
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});
process.on('exit', () => {
  writeSync(2, loaded.join('\n'));
});
