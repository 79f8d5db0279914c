#!/usr/bin/env node
import process from 'node:process';
import { runCli } from './run-cli.ts';

const exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  process,
  now: () => Date.now(),
});
// Not by itself: a module of the user may have left something open that never ends.
process.exit(exitCode);
