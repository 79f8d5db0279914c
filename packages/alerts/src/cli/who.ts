import type { CommandContext } from './command.ts';

/** Who does it: `--by`, or whoever is logged in. @throws UsageError where neither is known. */
export function whoOf({ args, env }: CommandContext): string {
  const user = env['USER'] ?? env['USERNAME'] ?? '';
  return args.has('by') || user === '' ? args.required('by') : user;
}
