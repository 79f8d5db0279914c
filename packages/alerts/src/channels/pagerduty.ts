import type { Channel, Json, SendContext } from '../channel.ts';
import { isRetryableStatus, postJson, refused } from './http-post.ts';
import { effectOf, type PagerDutyEvent, pagerDutyEvents } from './pagerduty-events.ts';
import {
  type PagerDutyOptions,
  type PagerDutySettings,
  parsePagerDutyOptions,
} from './pagerduty-options.ts';

/** PagerDuty takes about 120 events in a sliding minute for each integration. */
const RATE = { perSecond: 1.9, burst: 5 };

/** What PagerDuty suggests between attempts; its 429 need not come with `Retry-After`. */
const RETRY_AFTER_MS = 30_000;

/** So many effects are remembered for the group's next message; the others are sent once more. */
const MAX_REMEMBERED = 1_000;

/** Messages whose partial progress is remembered by this process. */
const MAX_UNFINISHED = 100;

type Payload = {
  readonly events: readonly PagerDutyEvent[];
  /** Told again although it was told: an incident that somebody closed by hand opens anew. */
  readonly isRepeat: boolean;
};

/**
 * Opens, acknowledges and resolves incidents by the Events API v2, one incident an alert, known by
 * the alert's id. Repeating an event does no harm, so delivery at least once has the effect of once.
 *
 * A notification of several alerts is several events, sent one after the other. Those that the
 * group's last message brought about already are left out. When one fails, the next attempt goes on
 * with it (another process begins anew, which changes nothing), so a message of more events than the
 * rate limit allows arrives in parts and not never.
 *
 * 202 is a delivery. 429 (a pause of 30 s unless it says otherwise), 5xx and network errors are
 * retried; 400, a wrong routing key for one, is given up.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 */
export function pagerduty(options: PagerDutyOptions): Channel {
  const settings = parsePagerDutyOptions(options);
  const progress = new Map<string, number>();
  return Object.freeze<Channel>({
    kind: 'pagerduty',
    rate: RATE,
    digests: false,
    acknowledges: true,
    render(notification) {
      const events = pagerDutyEvents(notification);
      if (events.length === 0) return null;
      // Through JSON: what is undefined is left out, as it will be when stored.
      return JSON.parse(
        JSON.stringify({ events, isRepeat: notification.kind === 'repeat' }),
      ) as Json;
    },
    async send(payload, context) {
      const { events, isRepeat } = payload as unknown as Payload;
      const told = toldBefore(context.previous);
      const known = new Set(isRepeat ? [] : told);
      const news = events.filter((event) => !known.has(effectOf(event)));
      await sendAll(news, settings, context, progress);
      return openAfter(told, events);
    },
  });
}

async function sendAll(
  events: readonly PagerDutyEvent[],
  settings: PagerDutySettings,
  context: SendContext,
  progress: Map<string, number>,
): Promise<void> {
  // The same message may come as one that catches up, with other events.
  const id = `${context.id}/${events.length}`;
  for (let index = progress.get(id) ?? 0; index < events.length; index += 1) {
    const event = events[index];
    if (event !== undefined) await sendEvent(event, settings, context);
    progress.set(id, index + 1);
    const [oldest] = progress.keys();
    if (progress.size > MAX_UNFINISHED && oldest !== undefined) progress.delete(oldest);
  }
  progress.delete(id);
}

async function sendEvent(
  event: PagerDutyEvent,
  { routingKey, url, connection }: PagerDutySettings,
  context: SendContext,
): Promise<void> {
  const body = JSON.stringify({ routing_key: routingKey, ...event });
  const answer = await postJson({ to: 'PagerDuty', url, body, connection, context });
  answer.discard();
  if (answer.isOk) return;
  const isThrottled = answer.status === 429 && !answer.headers.has('retry-after');
  throw refused(answer, {
    detail: answer.status === 400 ? 'the routing key or the event is not valid' : undefined,
    retryable: isRetryableStatus(answer.status),
    retryAfterMs: isThrottled ? RETRY_AFTER_MS : undefined,
  });
}

/** The effects that last: what was told, without the incidents that have ended. */
function openAfter(told: readonly string[], events: readonly PagerDutyEvent[]): Json {
  const effects = new Set(told);
  const ended = new Set<string>();
  for (const event of events) {
    effects.add(effectOf(event));
    if (event.event_action === 'resolve') ended.add(event.dedup_key);
  }
  const open = [...effects].filter((effect) => !ended.has(effect.slice(effect.indexOf(' ') + 1)));
  return open.slice(-MAX_REMEMBERED);
}

function toldBefore(previous: Json | undefined): readonly string[] {
  return Array.isArray(previous)
    ? previous.filter((effect): effect is string => typeof effect === 'string')
    : [];
}
