// node packages/alerts/bench/slack-burst.ts: a burst of alerts against a Slack that takes one message
// a second, by createAlerts and by @slack/webhook. Time is simulated, so it takes no time.

import { manualClock } from '@ops/timeout/testing';
import { IncomingWebhook } from '@slack/webhook';
import { slack } from '../src/channels/index.ts';
import { createAlerts, failures, memoryStore } from '../src/index.ts';
import { type SlackDouble, slackDouble } from '../src/testing/doubles/index.ts';

const BURSTS = [20, 200];
const nameOf = (index: number): string => `shop${String(index).padStart(4, '0')}`;

interface Outcome {
  /** With digests, more than ten waiting messages are one; without, each is sent. */
  readonly who: string;
  readonly burst: number;
  readonly double: SlackDouble;
  /** Simulated seconds until all was quiet. */
  readonly seconds: number;
}

async function byCreateAlerts(burst: number, digests: boolean): Promise<Outcome> {
  const clock = manualClock();
  const double = slackDouble({ clock });
  const { webhookUrl, fetch } = double;
  const alerts = createAlerts({
    service: 'billing',
    environment: 'bench',
    clock,
    store: memoryStore({ clock }),
    channels: { ops: { ...slack({ webhookUrl, fetch, clock }), digests } },
    rules: {
      partners: failures({ by: 'integration', consecutive: 1, maxSeries: burst, severity: 'high' }),
    },
    routes: [{ to: ['ops'], repeat: false }],
  });
  for (let index = 0; index < burst; index += 1) {
    alerts.failure(new Error('down'), { integration: nameOf(index) });
  }
  let seconds = 0;
  let quietSeconds = 0;
  while (quietSeconds < 30) {
    const before = double.requests.length;
    await clock.advance(1_000);
    seconds += 1;
    quietSeconds = double.requests.length === before ? quietSeconds + 1 : 0;
  }
  const closing = alerts.close({ drain: 0 });
  await clock.advance(1_000);
  await closing;
  const who = `@ops/alerts, digests ${digests ? 'on' : 'off'}`;
  return { who, burst, double, seconds: seconds - quietSeconds };
}

async function bySlackWebhook(burst: number, retries: number): Promise<Outcome> {
  const double = slackDouble({ clock: manualClock() });
  const { webhookUrl, fetch } = double;
  const client = new IncomingWebhook(webhookUrl, { fetch, retryConfig: { retries } });
  const sends = Array.from({ length: burst }, (_, index) => client.send(nameOf(index)));
  await Promise.allSettled(sends);
  return { who: `@slack/webhook, ${retries} retries`, burst, double, seconds: 0 };
}

function row({ who, burst, double, seconds }: Outcome): string {
  const shown = JSON.stringify(double.messages);
  const names = Array.from({ length: burst }, (_, index) => nameOf(index));
  const named = names.filter((name) => shown.includes(name)).length;
  const counts = [...shown.matchAll(/(\d+) alerts?, \d+ still firing/g)];
  const counted = Math.max(0, ...counts.map(([, count]) => Number(count) - named));
  const lost = burst - named - counted;
  const refused = double.requests.filter(({ status }) => status === 429).length;
  const cells = [who, burst, named, counted, lost, double.messages.length, refused, seconds];
  return `| ${cells.join(' | ')} |`;
}

console.log(
  '| by | alerts | named | counted in a digest | lost | messages | answered 429 | seconds |',
);
console.log('| --- | --: | --: | --: | --: | --: | --: | --: |');
for (const burst of BURSTS) {
  for (const digests of [true, false]) console.log(row(await byCreateAlerts(burst, digests)));
  for (const retries of [0, 5]) console.log(row(await bySlackWebhook(burst, retries)));
}
