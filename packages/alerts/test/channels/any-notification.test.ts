import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertmanagerBody } from '../../src/channels/alertmanager-body.ts';
import { email, pagerduty, resend, sendgrid, slack, webhook } from '../../src/channels/index.ts';
import {
  pagerdutyDouble,
  resendDouble,
  sendgridDouble,
  slackDouble,
} from '../../src/testing/doubles/index.ts';
import { anyNotification, deliver } from './fixtures.ts';

const FAST = { perSecond: Number.MAX_SAFE_INTEGER };
const RUNS = { numRuns: 40 };
const from = 'Ops <ops@example.com>';
const to = 'ann@example.com';

describe('any notification', () => {
  it('is a message that Slack takes and that calls nobody', async () => {
    const double = slackDouble(FAST);
    const { webhookUrl, token, channel, fetch } = double;
    const byWebhook = slack({ webhookUrl, fetch });
    const byBot = slack({ token, channel, fetch });
    await fc.assert(
      fc.asyncProperty(anyNotification, async (notification) => {
        await deliver(byWebhook, notification);
        const receipt = await deliver(byBot, notification);
        await deliver(byBot, { ...notification, kind: 'resolved' }, { previous: receipt });
      }),
      RUNS,
    );
    expect(double.messages.length).toBeGreaterThan(RUNS.numRuns * 2);
    expect(double.messages.flatMap(({ mentions }) => mentions)).toEqual([]);
    expect(double.requests.map(({ body }) => body).join('\n')).not.toMatch(
      /<!|@(?:channel|here|everyone)\b/,
    );
  });

  it('is events that PagerDuty takes', async () => {
    const double = pagerdutyDouble({ perMinute: Number.MAX_SAFE_INTEGER });
    const channel = pagerduty({ routingKey: double.routingKey, fetch: double.fetch });
    await fc.assert(
      fc.asyncProperty(anyNotification, async (notification) => {
        // The events of a thousand alerts are made by the same code as those of ten.
        const firing = notification.firing.slice(-10);
        const resolved = notification.resolved.slice(-10);
        await deliver(channel, { ...notification, firing, resolved });
      }),
      RUNS,
    );
    expect(double.requests.every(({ status }) => status === 202)).toBe(true);
  });

  it('is a mail that Resend and SendGrid take, with no header or tag out of it', async () => {
    const first = resendDouble(FAST);
    const second = sendgridDouble();
    const mails = [
      email({ via: resend({ apiKey: first.apiKey, fetch: first.fetch }), from, to }),
      email({ via: sendgrid({ apiKey: second.apiKey, fetch: second.fetch }), from, to }),
    ];
    await fc.assert(
      fc.asyncProperty(anyNotification, fc.uuid(), async (notification, id) => {
        for (const mail of mails) await deliver(mail, { ...notification, id });
      }),
      RUNS,
    );
    for (const { to: people, headers, html = '', subject } of [...first.mails, ...second.mails]) {
      expect(people).toEqual([to]);
      expect(
        Object.keys(headers).every((name) =>
          /^(?:In-Reply-To|References|Auto-Submitted|X-Auto-Response-Suppress)$/.test(name),
        ),
      ).toBe(true);
      expect(subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      const tags = new Set([...html.matchAll(/<\/?([^\s>]+)/g)].map(([, name]) => name));
      for (const name of tags) {
        expect(['!doctype', 'html', 'body', 'h2', 'p', 'ul', 'li', 'strong', 'br', 'a']).toContain(
          name,
        );
      }
      const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);
      expect(links.every((href) => /^https?:/.test(href ?? ''))).toBe(true);
    }
  });

  it('is an Alertmanager body whose common labels and count are right', () => {
    fc.assert(
      fc.property(
        anyNotification,
        fc.integer({ min: 1, max: 5 }),
        (notification, maxAlertCount) => {
          const body = alertmanagerBody(notification, { receiver: 'x', maxAlertCount });
          const count = Math.max(1, notification.firing.length + notification.resolved.length);
          expect(body.alerts.length + body.truncatedAlerts).toBe(count);
          for (const { labels, fingerprint } of body.alerts) {
            expect(labels).toMatchObject(body.commonLabels);
            expect(fingerprint).toMatch(/^[\da-f]{16}$/);
            expect(Object.keys(labels).every((name) => /^[a-zA-Z_]\w*$/.test(name))).toBe(true);
          }
        },
      ),
      RUNS,
    );
  });

  it('renders twice to the same bytes, and stays as it was', () => {
    const via = resend({ apiKey: 'key' });
    const channels = [
      slack({ webhookUrl: 'https://hooks.example.com/x' }),
      pagerduty({ routingKey: 'a'.repeat(32) }),
      email({ via, from, to }),
      webhook({ url: 'https://example.com', format: 'alertmanager' }),
    ];
    fc.assert(
      fc.property(anyNotification, (notification) => {
        const before = JSON.stringify(notification);
        for (const channel of channels) {
          const once = JSON.stringify(channel.render?.(notification));
          expect(JSON.stringify(channel.render?.(notification))).toBe(once);
        }
        expect(JSON.stringify(notification)).toBe(before);
      }),
      { numRuns: 10 },
    );
  });
});
