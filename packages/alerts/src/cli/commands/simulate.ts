import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import type { SimulatedEvent, SimulateOptions, Simulation } from '../../testing/index.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { type Config, exported, loadConfig } from '../config.ts';
import { interruptible } from '../interruption.ts';
import { plainText } from '../plain-text.ts';
import { UsageError } from '../usage-error.ts';

/** Runs the rules and routes of the configuration on a file of events. */
export async function run({ args, signal, progress }: CommandContext): Promise<Outcome> {
  const file = args.required('events');
  const length = args.duration('for');
  const config = await loadConfig(args);
  const options = (await exported(config, 'options')) as SimulateOptions;
  progress('Reading events …');
  const events = eventsIn(await interruptible(contentOf(file), signal), file);
  const { simulate } = await import('../../testing/simulate.ts');
  progress(`Simulating ${events.length} events …`);
  const work = readable(file, config, () =>
    simulate({ ...options, events, ...(length !== undefined && { for: length }) }),
  );
  const simulation = await interruptible(work, signal);
  const { transitions, notifications, lengthMs, undeliveredCount } = simulation;
  return {
    json: { lengthMs, transitions, notifications, undeliveredCount },
    lines: simulation.toString().split('\n').map(plainText),
  };
}

async function contentOf(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as { readonly code?: string };
    throw new UsageError(`--events: ${file} cannot be read (${code})`, undefined, { cause: error });
  }
}

/** An array, or a value a line. */
function eventsIn(content: string, file: string): readonly SimulatedEvent[] {
  const isArray = content.trimStart().startsWith('[');
  if (isArray) return parsed(content, `--events: ${file}`) as readonly SimulatedEvent[];
  return content.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    return [parsed(line, `--events: ${file}, line ${at + 1}`) as SimulatedEvent];
  });
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `${place}: not JSON (${(error as Error).message})`;
    throw new UsageError(message, 'An array of events, or one event a line.', { cause: error });
  }
}

/** An event that cannot be read is a fault of the file. */
async function readable(
  file: string,
  config: Config,
  work: () => Promise<Simulation>,
): Promise<Simulation> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TypeError) || !error.message.startsWith('events[')) throw error;
    throw new UsageError(`${file} with ${config.file}: ${error.message}`, undefined, {
      cause: error,
    });
  }
}
