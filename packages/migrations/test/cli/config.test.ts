import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directory } from '../../src/index.ts';
import { useFolder } from '../folder.ts';
import { runInside } from './world.ts';

const folder = useFolder();

describe('--config', () => {
  test.each([
    ['a source that is in no list', directory('sql')],
    ['an empty list', []],
    ['null', null],
  ])('%s does not pass for no sources, which would take a default folder', async (_, sources) => {
    await folder.write({ 'ops.mjs': `export default ${JSON.stringify({ sources })}` });
    const config = join(folder.path, 'ops.mjs');
    for (const command of ['status', 'new']) {
      const operands = command === 'new' ? ['x'] : [];
      const env = { DATABASE_URL: 'postgres://127.0.0.1:1/x' };
      const printed = await runInside([command, ...operands, '--config', config], { env });
      expect(printed).toMatchObject({ exitCode: 2, stdout: '' });
      expect(printed.stderr).toContain('ops.mjs: sources: expected an array with at least one');
    }
  });
});
