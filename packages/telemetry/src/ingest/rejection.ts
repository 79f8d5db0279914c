import type { RequestRefusal, RequestRefusalReason } from './request-refusal.ts';
import type { EventRejectReason } from './validate-event.ts';

/** What `onReject` is told of: one event of a request that was answered, or a request as a whole. */
export type Rejection =
  | {
      readonly type: 'event';
      /** What `auth` returned. */
      readonly sender: string;
      /** The event's id as sent, or `#` and its index when it has none to speak of. */
      readonly id: string;
      readonly name?: string | undefined;
      readonly reason: EventRejectReason;
      /** Also sent to the client. */
      readonly details: string;
      /** What the sink or the schema threw. Not sent to the client. */
      readonly cause?: unknown;
    }
  | {
      readonly type: 'request';
      /** What `auth` returned; undefined before that. */
      readonly sender?: string | undefined;
      /** Of the answer; 200 when the sink stored some of the events and the rest are sent again. */
      readonly status: number;
      readonly reason: RequestRefusalReason;
      /** Also sent to the client. */
      readonly details: string;
      /** What the sink or `auth` threw. Not sent to the client. */
      readonly cause?: unknown;
    };

export function requestRejection(refusal: RequestRefusal, sender: string | undefined): Rejection {
  const { status, reason, message: details, cause } = refusal;
  return {
    type: 'request',
    ...(sender !== undefined && { sender }),
    status,
    reason,
    details,
    ...(cause !== undefined && { cause }),
  };
}
