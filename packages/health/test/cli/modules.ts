/** Imported before a program: prints, at its end, what it has loaded. `pg` is as if not installed. */
import { writeSync } from 'node:fs';
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier !== 'pg') return nextResolve(specifier, context);
    throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' });
  },
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});
process.on('exit', () => {
  writeSync(2, loaded.join('\n'));
});
