import { describe, expect, it } from 'vitest';
import type { Severity } from '../../src/alert.ts';
import { log } from '../../src/channels/index.ts';
import type { NotificationKind } from '../../src/notification.ts';
import { alertOf, deliver, endedAlert, notificationOf } from './fixtures.ts';

interface Line {
  readonly level: string;
  readonly fields: object;
  readonly text: string;
}

function recordingLogger(): {
  readonly lines: Line[];
  readonly logger: Parameters<typeof log>[0];
} {
  const lines: Line[] = [];
  const write = (level: string) => (fields: object, text: string) => {
    lines.push({ level, fields, text });
  };
  return {
    lines,
    logger: { info: write('info'), warn: write('warn'), error: write('error') },
  };
}

describe('log', () => {
  it.each<[NotificationKind, Severity, string]>([
    ['firing', 'low', 'warn'],
    ['firing', 'medium', 'warn'],
    ['firing', 'high', 'error'],
    ['escalated', 'critical', 'error'],
    ['repeat', 'high', 'error'],
    ['acknowledged', 'critical', 'info'],
  ])('%s and %s is written at %s', async (kind, severity, level) => {
    const { lines, logger } = recordingLogger();
    const firing = [alertOf({ severity: 'low' }), alertOf({ severity })];
    const notification = notificationOf({ kind, firing });
    await deliver(log(logger), notification);
    expect(lines).toEqual([
      {
        level,
        text: notification.text,
        fields: {
          notification: 'msg_1',
          kind,
          group: notification.group,
          firing,
          resolved: [],
          lines: [],
          degraded: false,
        },
      },
    ]);
  });

  it.each<[NotificationKind, string]>([
    ['resolved', 'info'],
    ['fired-and-resolved', 'info'],
    ['test', 'info'],
    ['digest', 'error'],
  ])('%s of what has ended is written at %s', async (kind, level) => {
    const { lines, logger } = recordingLogger();
    await deliver(log(logger), notificationOf({ kind, resolved: [endedAlert()] }));
    expect(lines).toMatchObject([{ level }]);
  });

  it('has not delivered when the logger throws', async () => {
    const { logger } = recordingLogger();
    const broken = {
      ...logger,
      error() {
        throw new Error('disk full');
      },
    };
    await expect(deliver(log(broken), notificationOf())).rejects.toThrow('disk full');
  });

  it('is refused without a logger', () => {
    expect(() => log({} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPS_INVALID_OPTIONS' }),
    );
  });
});
