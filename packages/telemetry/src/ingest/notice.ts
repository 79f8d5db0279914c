import type { Rejection } from './rejection.ts';
import type { IngestEvent } from './sink.ts';

/** What `onEvent` is told of, after the fact. */
export type IngestNotice =
  | {
      /** A newly stored event, after its commit. Repeats are not told, if the sink can tell them. */
      readonly type: 'stored';
      readonly event: IngestEvent;
      readonly duplicate: false;
    }
  | {
      /** Events that a client gave up before they could reach this handler. */
      readonly type: 'lost';
      /** What `auth` returned. */
      readonly sender: string;
      /** Number of events by reason, such as `{ queue_overflow: 12 }`. */
      readonly counts: Readonly<Record<string, number>>;
    }
  | {
      /** The same that `onReject` is told. */
      readonly type: 'rejected';
      readonly rejection: Rejection;
    };
