import type { Page, PageEvent } from '../../src/browser/index.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';

/** A page whose time, events and network the test decides. */
export interface ManualPage {
  readonly page: Page;
  readonly clock: ManualClock;
  /** What beacons took. */
  readonly beacons: { readonly body: string; readonly bytes: number }[];
  /** What `sendBeacon` does. */
  onBeacon: (bytes: number) => boolean;
  /** Types that are listened to. */
  listeners(): string[];
  hide(): void;
  show(): void;
  /** Navigation or closing; `isKept` in the back/forward cache. */
  leave(isKept?: boolean): void;
  emit(event: PageEvent): void;
}

export function manualPage(fetch: Page['fetch'], hasBeacon = true): ManualPage {
  const clock = manualClock();
  const listeners = new Set<{ type: string; listener: (event: PageEvent) => void }>();
  const document = { visibilityState: 'visible' };
  const emit = (event: PageEvent): void => {
    for (const { type, listener } of listeners) if (type === event.type) listener(event);
  };
  const manual: ManualPage = {
    clock,
    beacons: [],
    onBeacon: () => true,
    listeners: () => [...listeners].map(({ type }) => type),
    emit,
    hide() {
      document.visibilityState = 'hidden';
      emit({ type: 'visibilitychange' });
    },
    show() {
      document.visibilityState = 'visible';
      emit({ type: 'visibilitychange' });
    },
    leave(isKept = false) {
      emit({ type: 'pagehide', persisted: isKept });
      document.visibilityState = 'hidden';
      emit({ type: 'visibilitychange' });
    },
    page: {
      fetch,
      setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
      clearTimeout: (timer) => clock.clearTimeout(timer),
      performance: { now: () => clock.monotonic() },
      Date: { now: () => clock.now() },
      Math: { random: () => 0.5 },
      document,
      addEventListener(type, listener, { signal }) {
        const entry = { type, listener };
        listeners.add(entry);
        signal.addEventListener('abort', () => listeners.delete(entry));
      },
      navigator: hasBeacon
        ? {
            sendBeacon: (_url, body) => {
              const bytes = Buffer.byteLength(body);
              const isTaken = manual.onBeacon(bytes);
              if (isTaken) manual.beacons.push({ body, bytes });
              return isTaken;
            },
          }
        : {},
    },
  };
  return manual;
}
