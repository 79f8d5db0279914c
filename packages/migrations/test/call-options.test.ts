import { describe, expect, test } from 'vitest';
import { createMigrator, directory, type Migrator } from '../src/index.ts';

const migrator = createMigrator({
  connection: () => Promise.reject(new Error('was connected')),
  sources: [directory(new URL('.', import.meta.url))],
});

describe('options of calls', () => {
  test.each<[string, (m: Migrator) => Promise<unknown>, string]>([
    [
      'a misspelt key of up',
      (m) => m.up({ alowOutOfOrder: true } as object),
      'up: alowOutOfOrder: no such option (there are plan, allowOutOfOrder, to, signal)',
    ],
    [
      'a version that is a number',
      (m) => m.up({ to: 20250101000000 as unknown as string }),
      'up: to: expected a version in a string, got 20250101000000',
    ],
    [
      'a misspelt key of plan',
      (m) => m.plan({ alowOutOfOrder: true } as object),
      'plan: alowOutOfOrder: no such option (there are allowOutOfOrder, to, signal)',
    ],
    ['null', (m) => m.up(null as unknown as undefined), 'up: expected an options object, got null'],
    [
      'a wish that is a string',
      (m) => m.up({ allowOutOfOrder: 'no' as unknown as boolean }),
      'up: allowOutOfOrder: expected true or false, got another string',
    ],
    [
      'a misspelt key of wait',
      (m) => m.wait({ timout: '1s' } as object),
      'wait: timout: no such option (there are timeout, signal)',
    ],
    [
      'a misspelt key of status',
      (m) => m.status({ sinal: 1 } as object),
      'status: sinal: no such option (there are signal)',
    ],
    [
      'a signal that is a controller',
      (m) => m.verify({ signal: new AbortController() as unknown as AbortSignal }),
      'verify: signal: expected an object with throwIfAborted, addEventListener, got',
    ],
    [
      'a baseline that is a number',
      (m) => m.baseline(20250101000000 as unknown as string),
      'baseline: expected a version in a string, got number',
    ],
  ])('%s is refused before anything is done', async (_, call, message) => {
    await expect(call(migrator)).rejects.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
      message: expect.stringContaining(message),
    });
  });

  test('assertCurrent takes the context of a health check, which has more in it', async () => {
    const context = { signal: new AbortController().signal, name: 'migrations', attempt: 1 };
    await expect(migrator.assertCurrent(context)).rejects.not.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
    });
  });
});
