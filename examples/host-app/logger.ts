import type { Logger } from './operations.ts';

/** One JSON line an entry, as a log collector wants it. */
export const jsonLogger: Logger = {
  info: (fields, message) => write('info', fields, message),
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
};

function write(level: string, fields: object, message: string): void {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
}
