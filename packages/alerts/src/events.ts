import type { Alert, AlertState, Severity } from './alert.ts';
import type { DeliveryError } from './errors.ts';
import { callSafely, type Logger } from './logger.ts';
import type { Message } from './message.ts';
import { redactSecrets } from './redact.ts';

/** What `onEvent` is told. `channel` and `alert.rule` are the names given to `createAlerts`. */
export type AlertsEvent<ChannelName extends string = string, RuleName extends string = string> =
  /** A rule's state changed; once a crossing. */
  | {
      readonly type: 'transition';
      readonly alert: Alert<RuleName>;
      readonly from: AlertState;
      readonly to: AlertState;
    }
  /** A firing alert got worse; its state stays. */
  | {
      readonly type: 'escalation';
      readonly alert: Alert<RuleName>;
      readonly from: Severity;
      readonly to: Severity;
    }
  /** No route takes the alert at its severity, so nobody is told. */
  | { readonly type: 'unrouted'; readonly alert: Alert<RuleName> }
  /** A channel took the message. */
  | ({ readonly type: 'delivered' } & Attempted<ChannelName>)
  /** An attempt failed; the next one is no earlier than `delayMs` from now. */
  | ({
      readonly type: 'retry';
      readonly error: DeliveryError;
      readonly delayMs: number;
    } & Attempted<ChannelName>)
  /**
   * The message is given up: the channel refused it for good (`rejected`), it was retried for
   * longer than `maxAge` (`expired`), or `close()` ran out of time (`closed`; no error when it was
   * never tried).
   */
  | ({
      readonly type: 'failed';
      readonly cause: 'rejected' | 'expired' | 'closed';
      readonly error: DeliveryError | undefined;
    } & Attempted<ChannelName>)
  /** The channel's queue was full. `droppedCount` counts since the start. */
  | {
      readonly type: 'dropped';
      readonly channel: ChannelName;
      readonly message: Message;
      readonly droppedCount: number;
    }
  /**
   * Something that should not throw did: a clock, a rule, `random`. The call went on. One that happens
   * inside `onEvent`, while it is told of another, is only logged.
   */
  | { readonly type: 'fault'; readonly error: unknown };

interface Attempted<ChannelName extends string> {
  readonly channel: ChannelName;
  readonly message: Message;
  /** How often it was tried, this time included. */
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
      const about = {
        ...identify(message),
        channel,
        attemptCount,
        reason: redactSecrets(String(error?.message)),
      };
      if (event.type === 'retry') {
        logger.warn({ ...about, delayMs: event.delayMs }, 'alerts: delivery failed, will retry');
      } else {
        logger.error({ ...about, cause: event.cause }, 'alerts: message not delivered');
      }
      break;
    }
    case 'dropped': {
      const { channel, droppedCount } = event;
      const about = { ...identify(event.message), channel, droppedCount };
      logger.error(about, 'alerts: message dropped, the queue is full');
      break;
    }
    case 'unrouted': {
      const { id, rule, severity } = event.alert;
      logger.warn({ alert: id, rule, severity }, 'alerts: no route takes this alert');
      break;
    }
    case 'fault':
      logger.error({ error: nameOf(event.error) }, 'alerts: internal fault');
      break;
    case 'transition':
    case 'escalation':
    case 'delivered':
      break;
  }
}

function identify(message: Message): object {
  return {
    message: message.id,
    kind: message.kind,
    alert: message.alert.id,
    rule: message.alert.rule,
  };
}

/** A foreign error's text may hold a secret, so the log gets what kind it is; `onEvent` has it all. */
function nameOf(error: unknown): string {
  try {
    return error instanceof Error ? error.name.slice(0, 60) : typeof error;
  } catch {
    return 'unreadable';
  }
}
