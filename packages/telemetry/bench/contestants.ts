/** Who takes part: each client as it comes, and with room for a million events. */
export interface Contestant {
  readonly library: 'ours' | 'posthog' | 'segment' | 'otel';
  readonly isTuned: boolean;
}

/** In the order in which they run. */
export const CONTESTANTS: readonly Contestant[] = (
  ['ours', 'posthog', 'segment', 'otel'] as const
).flatMap((library) => [
  { library, isTuned: false },
  { library, isTuned: true },
]);

const NAMES = {
  ours: '@ops/telemetry',
  posthog: 'posthog-node',
  segment: '@segment/analytics-node',
  otel: 'OpenTelemetry logs',
} as const;

/** For tables. */
export function nameOf({ library, isTuned }: Contestant): string {
  return `${NAMES[library]}, ${isTuned ? 'tuned' : 'default'}`;
}

/** What `tuned` means. */
export const TUNED =
  'tuned: room for 1,000,000 events and requests of up to 500 (OpenTelemetry: 512, with gzip)';
