import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { setUp } from './setup.ts';

const thrower = (): never => {
  throw new Error('gotcha');
};
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const circular: Record<string, unknown> = {};
circular['self'] = circular;
circular['message'] = circular;
const callableWithGetters = Object.defineProperty(() => {}, 'name', { get: thrower });

const HOSTILE: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', Number.NaN],
  ['a symbol', Symbol('secret')],
  ['a huge bigint', 2n ** 1_000_000n],
  ['an empty string', ''],
  ['a circular object', circular],
  ['an object without prototype', Object.create(null)],
  ['a throwing getter', Object.defineProperty({}, 'message', { get: thrower })],
  ['a throwing toString', { message: { toString: thrower }, toString: thrower }],
  ['a revoked proxy', revoked],
  ['a proxy whose traps throw', new Proxy({}, { get: thrower, ownKeys: thrower, has: thrower })],
  ['a function', callableWithGetters],
  ['a lone surrogate', new Error('\ud800')],
  ['a stack that throws', Object.defineProperty(new Error('x'), 'stack', { get: thrower })],
  ['a cause that is itself', Object.assign(new Error('x'), { cause: circular })],
];

describe('error()', () => {
  it.each(HOSTILE)('takes %s, as error and as labels', async (_, value) => {
    const { alerts, ops, eventsOf } = setUp();
    for (let index = 0; index < 4; index += 1) {
      expect(alerts.error(value, value as never)).toBeUndefined();
    }
    await alerts.flush();
    expect(alerts.active()).toHaveLength(1);
    expect(eventsOf('fault')).toEqual([]);
    await alerts.close();
    expect(ops.messages[0]?.firing[0]?.samples).toHaveLength(1);
  });

  it('keeps nothing of the megabytes of a message, and never builds a stack', async () => {
    let stackReads = 0;
    const { alerts, ops } = setUp();
    for (let index = 0; index < 4; index += 1) {
      const error = new Error(`${'long '.repeat(1_000_000)}${index}`);
      Object.defineProperty(error, 'stack', { get: () => (stackReads += 1) });
      alerts.error(error, { route: 'r'.repeat(5_000_000) });
    }
    await alerts.close();
    expect(stackReads).toBe(0);
    expect(ops.messages).toHaveLength(1);
    expect(JSON.stringify(ops.messages).length).toBeLessThan(2_500);
  });

  it('lets go of the megabytes themselves', () => {
    const program = `
      import { createAlerts, spike } from '@ops/alerts';
      const none = { kind: 'none', send: async () => {} };
      const alerts = createAlerts({
        service: 's', environment: 'e', channels: { none },
        rules: { spike: spike({ over: 9, within: '1h' }) }, routes: [{ to: ['none'] }],
      });
      const used = () => { gc(); gc(); return process.memoryUsage().heapUsed; };
      const before = used();
      for (let index = 0; index < 64; index += 1) {
        const text = Buffer.alloc(1e6, 97 + (index % 26)).toString('latin1');
        alerts.error(new Error(text), { route: text.slice(0, 50) });
      }
      const grown = used() - before;
      console.log(grown < 8e6 ? 'bounded' : grown);
      await alerts.close();`;
    const { stdout } = spawnSync(
      process.execPath,
      ['--expose-gc', '--input-type=module-typescript', '--eval', program],
      { cwd: `${import.meta.dirname}/..`, encoding: 'utf8', timeout: 60_000 },
    );
    expect(stdout).toBe('bounded\n');
  });
});
