import type { Alert, SeriesState, Severity } from './alert.ts';
import type { DeliveryError } from './errors.ts';
import { callSafely, type Logger } from './logger.ts';
import type { NotificationKind } from './notification.ts';
import { redactSecrets } from './redact.ts';

/** What `onEvent` is told. `channel` and `alert.rule` are the names given to `createAlerts`. */
export type AlertsEvent<ChannelName extends string = string, RuleName extends string = string> =
  /** An alert's state changed; once a crossing, by the replica that stored it. */
  | {
      readonly type: 'transition';
      readonly alert: Alert<RuleName>;
      readonly from: SeriesState;
      readonly to: SeriesState;
      /** When it came about, by the store's clock; ISO 8601. Found out later, at times. */
      readonly at: string;
    }
  /** A firing alert got worse; its state stays. */
  | {
      readonly type: 'escalation';
      readonly alert: Alert<RuleName>;
      readonly from: Severity;
      readonly to: Severity;
      /** As above. */
      readonly at: string;
    }
  /** No route takes the alert at its severity, so nobody is told. */
  | { readonly type: 'unrouted'; readonly alert: Alert<RuleName> }
  /** A channel took the message. */
  | ({ readonly type: 'delivered' } & Attempted<ChannelName>)
  /** An attempt failed; the next one is no earlier than `delayMs` from now, by any replica. */
  | ({
      readonly type: 'retry';
      readonly error: DeliveryError;
      readonly delayMs: number;
    } & Attempted<ChannelName>)
  /**
   * The message is given up: the channel refused it for good (`rejected`), or it was retried for
   * longer than `maxAge` (`expired`). The other channels are told, at most once an hour.
   */
  | ({
      readonly type: 'failed';
      readonly cause: 'rejected' | 'expired';
      readonly error: DeliveryError;
    } & Attempted<ChannelName>)
  /** So many messages waited that one takes their place. */
  | { readonly type: 'digest'; readonly channel: ChannelName; readonly messageCount: number }
  /** The store cannot be reached: this process goes on by itself. */
  | { readonly type: 'store-lost'; readonly error: unknown }
  /** The store can be reached again, and holds what happened meanwhile. */
  | { readonly type: 'store-back'; readonly lostForMs: number }
  /**
   * There were more events than could be kept one by one: they count, their exact times are lost. Told
   * once a minute, of all since; an event that several series count is among them several times.
   */
  | { readonly type: 'coarsened'; readonly eventCount: number }
  /**
   * Something that should not throw did: a clock, a rule, a `render`, `random`. The call went on. One
   * that happens inside `onEvent`, while it is told of another, is only logged.
   */
  | { readonly type: 'fault'; readonly error: unknown };

/** A message as far as events tell of it. */
export interface MessageSummary {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly group: string;
  readonly text: string;
  readonly alertIds: readonly string[];
}

interface Attempted<ChannelName extends string> {
  readonly channel: ChannelName;
  readonly message: MessageSummary;
  /** How often it was tried by all replicas, this time included. */
  readonly attemptCount: number;
}

/** Tells the listener, and the logger what somebody should look at. Never throws. */
export type Emit = (event: AlertsEvent) => void;

export function createEmit(
  onEvent: ((event: AlertsEvent) => void) | undefined,
  logger: Logger,
): Emit {
  let isTellingFault = false;
  const tell = (event: AlertsEvent): void => {
    callSafely(
      () => onEvent?.(Object.freeze(event)),
      (error) => logger.error({ error: nameOf(error) }, 'alerts: onEvent threw'),
    );
  };
  return (event) => {
    if (event.type !== 'fault') tell(event);
    // A listener may report faults as errors. A fault of that report is only logged: told, it would
    // cause the next, without end.
    else if (!isTellingFault) {
      isTellingFault = true;
      tell(event);
      isTellingFault = false;
    }
    logEvent(event, logger);
  };
}

function logEvent(event: AlertsEvent, logger: Logger): void {
  switch (event.type) {
    case 'retry':
    case 'failed': {
      const { message, channel, attemptCount, error } = event;
      const { id, kind, group } = message;
      const reason = redactSecrets(error.message);
      const about = { message: id, kind, group, channel, attemptCount, reason };
      if (event.type === 'retry') {
        logger.warn({ ...about, delayMs: event.delayMs }, 'alerts: delivery failed, will retry');
      } else {
        logger.error({ ...about, cause: event.cause }, 'alerts: message not delivered');
      }
      break;
    }
    case 'unrouted': {
      const { id, rule, severity } = event.alert;
      logger.warn({ alert: id, rule, severity }, 'alerts: no route takes this alert');
      break;
    }
    case 'store-lost':
      logger.error({ error: nameOf(event.error) }, 'alerts: store lost, going on alone');
      break;
    case 'store-back':
      logger.info({ lostForMs: event.lostForMs }, 'alerts: store is back');
      break;
    case 'coarsened':
      logger.warn({ eventCount: event.eventCount }, 'alerts: too many events, exact times lost');
      break;
    case 'fault':
      logger.error({ error: nameOf(event.error) }, 'alerts: internal fault');
      break;
    case 'transition':
    case 'escalation':
    case 'delivered':
    case 'digest':
      break;
  }
}

/** A foreign error's text may hold a secret, so the log gets what kind it is; `onEvent` has it all. */
function nameOf(error: unknown): string {
  try {
    return error instanceof Error ? error.name.slice(0, 60) : typeof error;
  } catch {
    return 'unreadable';
  }
}
