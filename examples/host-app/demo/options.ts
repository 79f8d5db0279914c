import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface DemoOptions {
  /** Keep the app up at the end. */
  readonly serve: boolean;
  /** Multiplies the executions and events that are loaded. */
  readonly scale: number;
}

export const USAGE = `usage: npm run demo -- [--serve] [--scale N]

  --serve     keep the app up at the end and print its URLs; Ctrl-C ends it
  --scale N   load N times the data (a whole number from 1 to 100; default 1)`;

/** @throws Error that says what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      serve: { type: 'boolean', default: false },
      scale: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const scale = Number(values.scale);
  if (!Number.isInteger(scale) || scale < 1 || scale > 100) {
    throw new Error(`--scale: expected a whole number from 1 to 100, got '${values.scale}'`);
  }
  return { serve: values.serve, scale };
}
