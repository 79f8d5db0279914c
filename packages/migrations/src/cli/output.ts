import { safeJson } from '../lint/report/json.ts';
import type { Environment } from './environment.ts';
import { cutLine, type Line, type Rendering, renderLine } from './line.ts';

/** As much of a stream as is used; `process.stdout` fits. */
export interface Writable {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, done?: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  off(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** Where everything goes that is printed. */
export interface Output {
  readonly isJson: boolean;
  /** Whether the last line may be written over. Never with `--json`. */
  readonly isTerminal: boolean;
  /** Of standard output. */
  readonly hasColour: boolean;
  /** For people, to standard output; above the line of progress. Nothing with `--json`. */
  print(lines: readonly Line[]): void;
  /** For people, to standard error. Nothing with `--json`. */
  warn(lines: readonly Line[]): void;
  /** Shows this line until the next one; undefined takes it away. Nothing without a terminal. */
  progress(line: Line | undefined): void;
  /** One object on a line of its own. Nothing without `--json`. */
  json(value: object): void;
  /** To standard output as it is, secrets taken out. */
  raw(text: string): void;
  /** Resolves when everything is written, or can no longer be. */
  end(): Promise<void>;
}

export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly isJson: boolean;
  readonly env: Environment;
  redact(text: string): string;
}

/** To the beginning of the line, and empty it. */
const CLEAR = '\r\u001B[K';
const DEFAULT_COLUMNS = 80;

/**
 * A reader who goes away (`| head`) is no error: what comes after is dropped, and the work goes on to
 * its end.
 */
export function createOutput({ stdout, stderr, isJson, env, redact }: OutputOptions): Output {
  const [out, err] = [openStream(stdout), openStream(stderr)];
  const isPlain = env['TERM'] === 'dumb';
  const isTerminal = !isJson && stdout.isTTY === true && !isPlain;
  const renderingOn = (stream: Writable): Rendering => ({
    colour: stream.isTTY === true && !isPlain && (env['NO_COLOR'] ?? '') === '',
    redact,
  });
  const rendering = renderingOn(stdout);
  const lastLine = createLastLine(out);
  const write = (stream: Stream, lines: readonly Line[], how: Rendering): void => {
    if (isJson || lines.length === 0) return;
    const text = lines.map((line) => `${renderLine(line, how)}\n`).join('');
    lastLine.above(() => stream.write(text));
  };
  return {
    isJson,
    isTerminal,
    hasColour: rendering.colour,
    print: (lines) => write(out, lines, rendering),
    warn: (lines) => write(err, lines, renderingOn(stderr)),
    progress(line) {
      if (!isTerminal) return;
      const width = (stdout.columns || DEFAULT_COLUMNS) - 1;
      lastLine.draw(line === undefined ? '' : renderLine(cutLine(line, width), rendering));
    },
    json(value) {
      if (isJson) out.write(`${safeJson(redactAll(value, redact))}\n`);
    },
    raw: (text) => lastLine.above(() => out.write(redact(text))),
    async end() {
      lastLine.draw('');
      await Promise.all([out.end(), err.end()]);
    },
  };
}

/** The line at the bottom of a terminal that is written over. */
function createLastLine(out: Stream): {
  draw(text: string): void;
  above(write: () => void): void;
} {
  let shown = '';
  const draw = (text: string): void => {
    if (shown !== '' || text !== '') out.write(`${CLEAR}${text}`);
    shown = text;
  };
  return {
    draw,
    above(write) {
      const before = shown;
      draw('');
      write();
      draw(before);
    },
  };
}

interface Stream {
  write(text: string): void;
  end(): Promise<void>;
}

function openStream(stream: Writable): Stream {
  let isGone = false;
  const onError = (): void => {
    isGone = true;
  };
  stream.on('error', onError);
  return {
    write(text) {
      if (!isGone) stream.write(text);
    },
    async end() {
      // The last write is done when all before it are; one that fails calls back as well.
      if (!isGone) await new Promise<void>((resolve) => stream.write('', () => resolve()));
      stream.off('error', onError);
      // An error that is still on its way must find a listener.
      stream.on('error', () => {});
    },
  };
}

/** In every string of a value, the names of keys aside. */
function redactAll(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((each) => redactAll(each, redact));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, redactAll(each, redact)]),
  );
}
