import { describe, expect, test } from 'vitest';
import { styled } from '../../src/cli/line.ts';
import { createOutput, type Output } from '../../src/cli/output.ts';
import { memoryStream } from './world.ts';

function outputOf({
  isTTY = true,
  isJson = false,
  env = {},
}: {
  readonly isTTY?: boolean;
  readonly isJson?: boolean;
  readonly env?: Readonly<Record<string, string>>;
} = {}): Output & { text(): string } {
  const stdout = memoryStream(isTTY);
  const redact = (text: string): string => text.replaceAll('hunter2', '***');
  const output = createOutput({ stdout, stderr: memoryStream(isTTY), isJson, env, redact });
  return { ...output, text: () => stdout.text() };
}

const HOSTILE = 'a\u001B[2Jb\u0007c\r\nd\u202Ee\u009Bf';
const SHOWN = 'a␛[2Jb␇c␍␊d�e�f';

describe('output', () => {
  test('what a terminal would obey is shown instead, colours are our own', () => {
    const output = outputOf();
    output.print([HOSTILE, [styled('red', HOSTILE), ' ok']]);
    expect(output.text()).toBe(`${SHOWN}\n\u001B[31m${SHOWN}\u001B[39m ok\n`);
  });

  test.each([
    ['without a terminal', { isTTY: false }],
    ['with NO_COLOR', { env: { NO_COLOR: '1' } }],
    ['on a dumb terminal', { env: { TERM: 'dumb' } }],
  ])('no colours %s', (_, options) => {
    const output = outputOf(options);
    output.print([[styled('red', 'no')]]);
    expect(output.text()).toBe('no\n');
  });

  test('an empty NO_COLOR is none', () => {
    const output = outputOf({ env: { NO_COLOR: '' } });
    output.print([[styled('red', 'no')]]);
    expect(output.text()).toContain('\u001B[31m');
  });

  test('lines come above the progress, which is cut to the width and taken away at the end', async () => {
    const output = outputOf();
    output.progress(['x'.repeat(200)]);
    output.print(['line']);
    await output.end();
    const clear = '\r\u001B[K';
    const progress = 'x'.repeat(79);
    expect(output.text()).toBe(`${clear}${progress}${clear}line\n${clear}${progress}${clear}`);
  });

  test('without a terminal there is no progress', () => {
    const output = outputOf({ isTTY: false });
    output.progress(['x']);
    expect(output.text()).toBe('');
  });

  test('no line is taken for a command by a CI service', () => {
    const output = outputOf({ isTTY: false });
    output.print(['::add-mask::x', '  ##[group]x', 'a ::b']);
    expect(output.text()).toBe('|::add-mask::x\n|  ##[group]x\na ::b\n');
  });

  test('JSON is one line each, with nothing else beside it and no secret in it', () => {
    const output = outputOf({ isJson: true });
    output.print(['text']);
    output.progress(['text']);
    output.json({
      type: 'x',
      text: 'a\nb\u2028hunter2',
      at: new Date(0),
      list: [{ hunter2: 'hunter2' }],
    });
    expect(output.text()).toBe(
      '{"type":"x","text":"a\\nb\\u2028***","at":"1970-01-01T00:00:00.000Z","list":[{"hunter2":"***"}]}\n',
    );
  });

  test('a reader who went away is no error, and nothing more is written', async () => {
    const written: string[] = [];
    const listeners: ((error: NodeJS.ErrnoException) => void)[] = [];
    const stdout = {
      write: (text: string): void => void written.push(text),
      on: (_: 'error', listener: (error: NodeJS.ErrnoException) => void): void => {
        listeners.push(listener);
      },
      off(): void {},
    };
    const output = createOutput({
      stdout,
      stderr: memoryStream(false),
      isJson: false,
      env: {},
      redact: (text) => text,
    });
    output.print(['one']);
    for (const listener of listeners)
      listener(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
    output.print(['two']);
    await output.end();
    expect(written).toEqual(['one\n']);
  });
});
