import { manualClock } from '@ops/timeout/testing';
import { IncomingWebhook } from '@slack/webhook';
import { describe, expect, it } from 'vitest';
import { slackDouble } from '../../../src/testing/doubles/index.ts';

const section = (text: string): object => ({ type: 'section', text: { type: 'mrkdwn', text } });
const many = (count: number, item: unknown): unknown[] => Array.from({ length: count }, () => item);
const FAST = { perSecond: Number.MAX_SAFE_INTEGER };

async function post(double: ReturnType<typeof slackDouble>, message: unknown): Promise<string> {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const response = await double.fetch(double.webhookUrl, { method: 'POST', body });
  return `${response.status} ${await response.text()}`;
}

async function call(
  double: ReturnType<typeof slackDouble>,
  method: string,
  fields: object,
  token: string = double.token,
): Promise<Record<string, unknown>> {
  const response = await double.fetch(`https://slack.com/api/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ channel: double.channel, ...fields }),
  });
  return (await response.json()) as Record<string, unknown>;
}

describe('slackDouble', () => {
  it.each<[string, unknown]>([
    ['200 ok', { text: 'x' }],
    ['200 ok', { blocks: many(50, { type: 'divider' }) }],
    ['200 ok', { blocks: [section('x'.repeat(3_000))] }],
    ['200 ok', { attachments: [{ text: 'x' }] }],
    ['400 invalid_payload', 'payload={}'],
    ['400 invalid_payload', []],
    ['400 invalid_payload', { text: 5 }],
    ['400 no_text', {}],
    ['400 no_text', { text: ' ', blocks: [] }],
    ['400 msg_too_long', { text: 'x'.repeat(40_001) }],
    ['400 too_many_attachments', { attachments: many(101, {}) }],
    ['400 invalid_blocks', { blocks: many(51, { type: 'divider' }) }],
    ['400 invalid_blocks', { blocks: [section('x'.repeat(3_001))] }],
    ['400 invalid_blocks', { blocks: [section('')] }],
    ['400 invalid_blocks', { blocks: [{ type: 'section' }] }],
    ['400 invalid_blocks', { blocks: [{ type: 'no-such-block' }] }],
    ['400 invalid_blocks', { blocks: [{ type: 'constructor' }] }],
    ['400 invalid_blocks', { blocks: [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }] }],
    [
      '400 invalid_blocks',
      { blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }] },
    ],
    [
      '400 invalid_blocks',
      { blocks: [{ type: 'section', fields: many(11, { type: 'mrkdwn', text: 'x' }) }] },
    ],
    [
      '400 invalid_blocks',
      { blocks: [{ type: 'section', fields: [{ type: 'mrkdwn', text: 'x'.repeat(2_001) }] }] },
    ],
    [
      '400 invalid_blocks',
      { blocks: [{ type: 'context', elements: many(11, { type: 'mrkdwn', text: 'x' }) }] },
    ],
    [
      '400 invalid_blocks',
      {
        blocks: [
          {
            type: 'actions',
            elements: [{ type: 'button', text: { type: 'plain_text', text: 'x'.repeat(76) } }],
          },
        ],
      },
    ],
    ['400 msg_blocks_too_long', { blocks: many(5, section('x'.repeat(2_900))) }],
  ])('%s', async (answer, message) => {
    const double = slackDouble();
    expect(await post(double, message)).toBe(answer);
    expect(double.messages).toHaveLength(answer === '200 ok' ? 1 : 0);
  });

  it('takes one message a second, and says when the next', async () => {
    const clock = manualClock();
    const double = slackDouble({ clock });
    expect(await post(double, { text: 'a' })).toBe('200 ok');
    await clock.advance(999);
    const init = { method: 'POST', body: '{"text":"b"}' };
    const refused = await double.fetch(double.webhookUrl, init);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toEqual({ retry_after: 1, ok: false, error: 'rate_limited' });
    await clock.advance(1);
    expect(await post(double, { text: 'b' })).toBe('200 ok');
    expect(double.requests.map(({ status }) => status)).toEqual([200, 429, 200]);
  });

  it('knows whom a message calls', async () => {
    const double = slackDouble(FAST);
    await post(double, { text: '<!channel> <@U1|ann> <https://a.b|x> &lt;!here&gt; @here' });
    await post(double, { blocks: [section('@here <!date^1^{date}|x> <!subteam^S1>')] });
    const verbatim = { type: 'mrkdwn', text: '@here', verbatim: true };
    await post(double, { blocks: [{ type: 'section', text: verbatim }] });
    expect(double.messages.map(({ mentions }) => mentions)).toEqual([
      ['!channel', '@U1'],
      ['!subteam^S1', '@here'],
      [],
    ]);
  });

  it('has a bot that posts, answers in threads and updates', async () => {
    const double = slackDouble(FAST);
    const { ts } = await call(double, 'chat.postMessage', { text: 'one' });
    await call(double, 'chat.postMessage', { text: 'two', thread_ts: ts, reply_broadcast: true });
    expect(await call(double, 'chat.update', { ts, text: 'changed' })).toMatchObject({ ok: true });
    expect(double.messages).toMatchObject([
      { text: 'changed', updateCount: 1, threadTs: undefined },
      { text: 'two', threadTs: ts, isBroadcast: true },
    ]);
    double.remove(String(ts));
    const errors = [
      await call(double, 'chat.update', { ts, text: 'x' }),
      await call(double, 'chat.postMessage', { thread_ts: ts, text: 'x' }),
      await call(double, 'chat.postMessage', { text: 'x' }, 'other'),
      await call(double, 'chat.postMessage', { text: 'x', channel: 'C1' }),
      await call(double, 'chat.postMessage', {}),
    ];
    expect(errors.map(({ ok, error }) => [ok, error])).toEqual([
      [false, 'message_not_found'],
      [false, 'thread_not_found'],
      [false, 'invalid_auth'],
      [false, 'channel_not_found'],
      [false, 'no_text'],
    ]);
  });

  it('fails as told, as often as told', async () => {
    const double = slackDouble(FAST);
    double.fail('down', 1);
    await expect(post(double, { text: 'a' })).rejects.toMatchObject({
      message: 'fetch failed',
      cause: { code: 'ECONNREFUSED' },
    });
    expect(double.requests).toEqual([]);
    double.fail('lost-answer', 1);
    await expect(post(double, { text: 'b' })).rejects.toThrow('fetch failed');
    double.fail('server-error', 1);
    expect(await post(double, { text: 'c' })).toBe('500 rollup_error');
    double.fail('rate-limited');
    expect(await post(double, { text: 'd' })).toMatch(/^429/);
    expect(await post(double, { text: 'd' })).toMatch(/^429/);
    double.fail({ status: 410, body: 'channel_is_archived' });
    expect(await post(double, { text: 'e' })).toBe('410 channel_is_archived');
    double.recover();
    expect(await post(double, { text: 'f' })).toBe('200 ok');
    expect(double.messages.map(({ text }) => text)).toEqual(['b', 'f']);
  });

  it('hangs until the request is given up', async () => {
    const double = slackDouble();
    double.fail('slow');
    const controller = new AbortController();
    const { signal } = controller;
    const hanging = double.fetch(double.webhookUrl, { method: 'POST', body: '{}', signal });
    await expect.poll(() => double.requests.length).toBe(1);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(hanging).rejects.toBe(reason);
    await expect(double.fetch(double.webhookUrl, { signal })).rejects.toBe(reason);
  });

  it('is nowhere else', async () => {
    await expect(slackDouble().fetch('https://hooks.slack.com/services/x')).rejects.toThrow(
      'there is nothing at https://hooks.slack.com/services/x',
    );
  });

  it('loses with @slack/webhook all but the first of a burst, retries or not', async () => {
    for (const retries of [0, 5]) {
      const double = slackDouble({ clock: manualClock() });
      const { fetch, webhookUrl } = double;
      const client = new IncomingWebhook(webhookUrl, { fetch, retryConfig: { retries } });
      const burst = Array.from({ length: 20 }, (_, index) => client.send(`alert ${index}`));
      const outcomes = await Promise.allSettled(burst);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(double.messages).toHaveLength(1);
    }
  });
});
