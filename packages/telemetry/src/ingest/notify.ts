import type { IngestNotice } from './notice.ts';
import type { Rejection } from './rejection.ts';
import type { IngestEvent } from './sink.ts';

/** Tells the host's callbacks. Nothing that they do changes an answer. */
export interface Notify {
  rejected(rejection: Rejection): void;
  stored(event: IngestEvent): void;
  lost(sender: string, counts: Readonly<Record<string, number>>): void;
}

/** The host's callbacks. */
export interface Callbacks {
  readonly onReject?: ((rejection: Rejection) => void | Promise<void>) | undefined;
  readonly onEvent?: ((notice: IngestNotice) => void | Promise<void>) | undefined;
}

/** `onError` is told of each call that threw or rejected. */
export function createNotify({ onReject, onEvent }: Callbacks, onError: () => void): Notify {
  const call = <T>(callback: ((value: T) => unknown) | undefined, value: T): void => {
    if (callback === undefined) return;
    try {
      Promise.resolve(callback(value)).catch(onError);
    } catch {
      onError();
    }
  };
  return {
    rejected(rejection) {
      call(onReject, rejection);
      call(onEvent, { type: 'rejected', rejection });
    },
    stored: (event) => call(onEvent, { type: 'stored', event, duplicate: false }),
    lost: (sender, counts) => call(onEvent, { type: 'lost', sender, counts }),
  };
}
