#!/usr/bin/env node
import process from 'node:process';
import { runCli } from './run-cli.ts';

const {
  exitCode,
  stdout = '',
  stderr = '',
} = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  process,
});
await Promise.all([written(process.stdout, stdout), written(process.stderr, stderr)]);
// Not by itself: a look-up of a name goes on in its thread after its time limit.
process.exit(exitCode);

/** Also when nobody reads any more: how the program ends says enough. */
function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.on('error', () => resolve());
    stream.write(text, () => resolve());
  });
}
