import { InvalidOptionsError } from '../errors.ts';
import type { Resilience, ResilientRequestInit } from './options.ts';

const KNOWN: Readonly<Record<keyof Resilience, true>> = {
  idempotent: true,
  idempotencyKey: true,
  body: true,
  key: true,
  deadline: true,
  retry: true,
};

/** A misspelt key would mean a request that is repeated, or not, against what the caller says. */
export function readResilience(init: ResilientRequestInit | undefined): Resilience {
  const resilience = init?.resilience ?? {};
  for (const name of Object.keys(resilience)) {
    if (Object.hasOwn(KNOWN, name)) continue;
    const known = Object.keys(KNOWN).join(', ');
    throw new InvalidOptionsError(`resilience: ${name}: no such option (there are ${known})`);
  }
  return resilience;
}
