import type { ThrottleStatus } from './cost-bucket.ts';

/** `extensions.cost` of a reply of Shopify, with only what has the right form. */
export interface RequestCost {
  readonly requestedCost: number | undefined;
  readonly status: ThrottleStatus | undefined;
}

/** Reads `extensions.cost`; the sender is not trusted, so numbers that are none are dropped. */
export function readCost(extensions: unknown): RequestCost {
  const cost = field(extensions, 'cost');
  const status = field(cost, 'throttleStatus');
  const maximumAvailable = points(field(status, 'maximumAvailable'));
  const currentlyAvailable = points(field(status, 'currentlyAvailable'));
  const restoreRate = points(field(status, 'restoreRate'));
  return {
    requestedCost: points(field(cost, 'requestedQueryCost')),
    status:
      maximumAvailable === undefined || currentlyAvailable === undefined
        ? undefined
        : { maximumAvailable, currentlyAvailable, restoreRate: restoreRate ?? 0 },
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function points(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
