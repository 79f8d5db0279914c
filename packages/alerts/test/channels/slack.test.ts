import { manualClock } from '@ops/timeout/testing';
import { describe, expect, it } from 'vitest';
import { slack } from '../../src/channels/index.ts';
import { slackDouble } from '../../src/testing/doubles/index.ts';
import { alertOf, deliver, endedAlert, failureOf, notificationOf } from './fixtures.ts';

function setUp(): {
  readonly clock: ReturnType<typeof manualClock>;
  readonly double: ReturnType<typeof slackDouble>;
  readonly webhook: ReturnType<typeof slack>;
  readonly bot: ReturnType<typeof slack>;
} {
  const clock = manualClock();
  const double = slackDouble({ clock });
  const { fetch, webhookUrl, token, channel } = double;
  const webhook = slack({ webhookUrl, fetch, clock });
  return { clock, double, webhook, bot: slack({ token, channel, fetch, clock }) };
}

describe('slack by webhook', () => {
  it('tells what, since when, why, and what to do', async () => {
    const { double, webhook } = setUp();
    await deliver(webhook, notificationOf());
    const [message] = double.messages;
    expect(message?.text).toContain('FIRING (high): errorSpike in billing (production)');
    const shown = JSON.stringify(message?.blocks);
    for (const part of [
      '🟠 FIRING (high): errorSpike in billing (production)',
      '*errorSpike* · high · since 2026-01-01 00:00:00 UTC',
      '142 errors in the last 1h, over 100 (high over 200)',
      '3 × TypeError: x is not a function (/pay)',
      '<https://runbooks.example.com/spike?a=1&amp;b=2|Runbook>',
      '<https://ops.example.com/alerts|All alerts>',
    ]) {
      expect(shown).toContain(part);
    }
  });

  it('counts what does not fit', async () => {
    const { double, webhook } = setUp();
    const firing = Array.from({ length: 1_000 }, (_, index) =>
      alertOf({ id: `a${index}`, key: `series ${index}`, reason: 'x'.repeat(500) }),
    );
    await deliver(webhook, notificationOf({ firing }));
    const shown = JSON.stringify(double.messages[0]?.blocks);
    const toldCount = shown.match(/\*errorSpike series/g)?.length ?? 0;
    expect(toldCount).toBeGreaterThan(5);
    expect(shown).toContain(`… and ${1_000 - toldCount} more alerts`);
  });

  it('leaves out links that would not fit', async () => {
    const { double, webhook } = setUp();
    const long = `https://example.com/?${'a&'.repeat(800)}`;
    await deliver(webhook, notificationOf({ firing: [alertOf({ runbook: long })], url: long }));
    const shown = JSON.stringify(double.messages[0]?.blocks);
    expect(shown).not.toContain('|All alerts>');
    expect(shown).toContain('Runbook: https://example.com/?a&amp;');
  });

  it('has room for a digest of a hundred lines', async () => {
    const { double, webhook } = setUp();
    const firing = Array.from({ length: 100 }, (_, index) => alertOf({ id: `a${index}` }));
    const lines = firing.map((_, index) => `FIRING (high): shop${index}. ${'x'.repeat(270)}`);
    await deliver(webhook, notificationOf({ kind: 'digest', firing, lines }));
    const shown = JSON.stringify(double.messages[0]?.blocks);
    for (let index = 0; index < 100; index += 1) expect(shown).toContain(`shop${index}.`);
    expect(shown).not.toContain('… and');
  });

  it('says how long what has ended lasted', async () => {
    const { double, webhook } = setUp();
    await deliver(webhook, notificationOf({ kind: 'resolved', resolved: [endedAlert()] }));
    const shown = JSON.stringify(double.messages[0]?.blocks);
    expect(shown).toContain('✅ RESOLVED (high): errorSpike');
    expect(shown).toContain('✅ *errorSpike* (high) ended after 12m');
  });

  it('takes 429 as a pause, and delivers afterwards', async () => {
    const { clock, double, webhook } = setUp();
    await deliver(webhook, notificationOf());
    const error = await failureOf(deliver(webhook, notificationOf({ id: 'msg_2' })));
    expect(error).toMatchObject({
      retryable: true,
      status: 429,
      retryAfterMs: 1_000,
      message: 'Slack answered 429: rate_limited',
    });
    await clock.advance(1_000);
    await deliver(webhook, notificationOf({ id: 'msg_2' }));
    expect(double.messages).toHaveLength(2);
  });

  it.each([
    [400, 'invalid_payload', false],
    [403, 'action_prohibited', false],
    [403, 'invalid_token', false],
    [404, 'channel_not_found', false],
    [404, 'no_service', false],
    [410, 'channel_is_archived', false],
    [500, 'rollup_error', true],
    [500, 'no_such_word', true],
    [200, 'invalid_payload', false],
    [200, 'internal_error', true],
  ])('%d %s: retryable is %s', async (status, body, retryable) => {
    const { double, webhook } = setUp();
    double.fail({ status, body });
    const error = await failureOf(deliver(webhook, notificationOf()));
    expect(error).toMatchObject({
      retryable,
      status,
      message: `Slack answered ${status}: ${body}`,
    });
    expect(double.messages).toEqual([]);
  });

  it('takes 200 with anything but ok for no delivery, and does not quote it', async () => {
    const { double, webhook } = setUp();
    for (const body of ['<html>Sign in</html>', '', 'ok?', JSON.stringify({ ok: true })]) {
      double.fail({ status: 200, body });
      expect(await failureOf(deliver(webhook, notificationOf()))).toMatchObject({
        retryable: true,
        message: 'Slack answered 200: something other than ok',
      });
    }
  });

  it.each(['down', 'server-error', 'lost-answer', 'rate-limited'] as const)(
    'tries again when Slack is: %s',
    async (trouble) => {
      const { double, webhook } = setUp();
      double.fail(trouble);
      expect(await failureOf(deliver(webhook, notificationOf()))).toMatchObject({
        retryable: true,
      });
    },
  );

  it('gives up on a Slack that does not answer', async () => {
    const { clock, double, webhook } = setUp();
    double.fail('slow');
    const failing = failureOf(deliver(webhook, notificationOf()));
    await clock.advance(10_000);
    expect(await failing).toMatchObject({
      retryable: true,
      message: 'Slack did not answer within 10000 ms (ERR_OPS_TIMEOUT)',
    });
    const controller = new AbortController();
    const aborted = failureOf(deliver(webhook, notificationOf(), { signal: controller.signal }));
    await clock.advance(0);
    controller.abort();
    expect(await aborted).toMatchObject({ retryable: true });
    expect(clock.pendingCount).toBe(0);
  });

  it('does not wait for an answer that never ends', async () => {
    const clock = manualClock();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(9_000)),
    });
    const webhook = slack({
      webhookUrl: 'https://hooks.example.com/s3cr3t',
      clock,
      fetch: async () => new Response(endless),
    });
    expect(await failureOf(deliver(webhook, notificationOf()))).toMatchObject({ status: 200 });
    expect(clock.pendingCount).toBe(0);
  });
});

describe('slack by bot', () => {
  it('keeps one message of a group up to date and answers in its thread', async () => {
    const { clock, double, bot } = setUp();
    const first = await deliver(bot, notificationOf());
    await clock.advance(1_000);
    const worse = notificationOf({
      id: 'msg_2',
      kind: 'escalated',
      firing: [alertOf({ severity: 'critical' })],
      text: 'ESCALATED (critical)',
    });
    const second = await deliver(bot, worse, { previous: first });
    await clock.advance(1_000);
    const over = notificationOf({ id: 'msg_3', kind: 'resolved', resolved: [endedAlert()] });
    const third = await deliver(bot, over, { previous: second });
    const [head, ...answers] = double.messages;
    expect(head).toMatchObject({ threadTs: undefined, updateCount: 2 });
    expect(JSON.stringify(head?.blocks)).toContain('✅ RESOLVED');
    expect(answers).toMatchObject([
      { threadTs: head?.ts, text: 'ESCALATED (critical)', isBroadcast: true },
      { threadTs: head?.ts, isBroadcast: false },
    ]);
    await clock.advance(1_000);
    await deliver(bot, notificationOf({ id: 'msg_4' }), { previous: third });
    expect(double.messages).toHaveLength(4);
    expect(double.messages[3]).toMatchObject({ threadTs: undefined, updateCount: 0 });
  });

  it('doubles no answer when it fails between the update and the answer', async () => {
    const { clock, double, bot } = setUp();
    const previous = await deliver(bot, notificationOf());
    const news = notificationOf({ id: 'msg_2', kind: 'repeat' });
    // The update has a limit of its own, so only the answer comes too soon.
    expect(await failureOf(deliver(bot, news, { previous }))).toMatchObject({
      status: 429,
      retryAfterMs: 1_000,
    });
    expect(double.messages).toMatchObject([{ updateCount: 1 }]);
    await clock.advance(1_000);
    await deliver(bot, news, { previous });
    expect(double.messages).toHaveLength(2);
  });

  it('begins anew when its message was removed', async () => {
    const { clock, double, bot } = setUp();
    const previous = await deliver(bot, notificationOf());
    double.remove(double.messages[0]?.ts ?? '');
    await clock.advance(1_000);
    const next = await deliver(bot, notificationOf({ id: 'msg_2' }), { previous });
    expect(double.messages).toHaveLength(1);
    expect(next).toEqual({ channel: double.channel, ts: double.messages[0]?.ts });
  });

  it('leaves tests and digests out of threads', async () => {
    const { clock, double, bot } = setUp();
    const previous = await deliver(bot, notificationOf());
    await clock.advance(1_000);
    const digest = notificationOf({ kind: 'digest', firing: [], lines: ['a', 'b'] });
    expect(await deliver(bot, digest, { previous })).toBe(undefined);
    expect(double.messages).toMatchObject([{ updateCount: 0 }, { threadTs: undefined }]);
  });

  it.each([
    ['invalid_auth', false],
    ['channel_not_found', false],
    ['not_in_channel', false],
    ['is_archived', false],
    ['msg_blocks_too_long', false],
    ['an_error_of_the_future', false],
    ['ratelimited', true],
    ['internal_error', true],
    ['service_unavailable', true],
  ])('ok: false and %s: retryable is %s', async (error, retryable) => {
    const { double, bot } = setUp();
    double.fail({ status: 200, body: JSON.stringify({ ok: false, error }) });
    expect(await failureOf(deliver(bot, notificationOf()))).toMatchObject({
      retryable,
      message: `Slack answered 200: ${error}`,
    });
  });

  it('tries again when a proxy answers', async () => {
    const { double, bot } = setUp();
    double.fail({ status: 200, body: '<html>' });
    expect(await failureOf(deliver(bot, notificationOf()))).toMatchObject({ retryable: true });
    double.fail({ status: 502, body: '<html>' });
    expect(await failureOf(deliver(bot, notificationOf()))).toMatchObject({ retryable: true });
  });

  it('is told by Slack when the token is not the one', async () => {
    const { double } = setUp();
    const bot = slack({ token: 'xoxb-other', channel: double.channel, fetch: double.fetch });
    expect(await failureOf(deliver(bot, notificationOf()))).toMatchObject({
      message: 'Slack answered 200: invalid_auth',
    });
  });
});

describe('options of slack', () => {
  it.each([
    [{ webhookUrl: 'ftp://s3cr3t' }, 'webhookUrl'],
    [{ webhookUrl: 'https://u:s3cr3t@example.com' }, 'webhookUrl'],
    [{}, 'webhookUrl'],
    [{ token: 's3cr3t\n', channel: 'C1' }, 'token'],
    [{ token: 's3cr3t' }, 'channel'],
    [{ token: 's3cr3t', channel: 'C1 s3cr3t' }, 'channel'],
    [{ token: 's3cr3t', channel: 'C1', webhookUrl: 'https://s3cr3t.example.com' }, 'webhookUrl'],
    [{ webhookUrl: 'https://example.com/s3cr3t', timeout: 0 }, 'timeout'],
  ])('%o is refused by name', (options, name) => {
    const refuse = (): unknown => slack(options as never);
    expect(refuse).toThrow(expect.objectContaining({ code: 'ERR_OPS_INVALID_OPTIONS' }));
    expect(refuse).toThrow(name);
    expect(refuse).not.toThrow('s3cr3t');
  });
});
