import { type Duration, toMilliseconds } from '@ops/timeout';
import { jsonLogger } from './logger.ts';
import type { OperationsConfig } from './operations.ts';

/** @throws Error that names every variable that is missing. */
export function configFromEnvironment(
  environment: NodeJS.ProcessEnv,
): Omit<OperationsConfig, 'pool'> {
  const missing: string[] = [];
  const required = (name: string): string => {
    const value = environment[name] ?? '';
    if (value === '') missing.push(name);
    return value;
  };
  const config = {
    logger: jsonLogger,
    authUrl: required('AUTH_URL'),
    partnerUrl: required('PARTNER_URL'),
    telemetryKey: required('TELEMETRY_KEY'),
    integrations: {
      shopify: both(environment['SHOPIFY_SHOP'], environment['SHOPIFY_TOKEN']),
      wave: environment['WAVE_TOKEN'] ? { token: environment['WAVE_TOKEN'] } : undefined,
    },
    alertWebhook: { url: required('ALERT_WEBHOOK_URL'), secret: required('ALERT_WEBHOOK_SECRET') },
  };
  if (missing.length > 0) throw new Error(`Set the environment variables ${missing.join(', ')}`);
  return config;
}

function both(
  shop: string | undefined,
  token: string | undefined,
): { readonly shop: string; readonly token: string } | undefined {
  return shop && token ? { shop, token } : undefined;
}

/** Where the server listens, and how long it goes on when it was told to end. */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly drainMs: number;
}

/** @throws Error that names the variable which will not do. */
export function serverFromEnvironment(environment: NodeJS.ProcessEnv): ServerConfig {
  const port = environment['PORT'] || '3000';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`PORT: expected a whole number from 0 to 65535, got '${port}'`);
  }
  const drain = (environment['DRAIN_DELAY'] || '5s') as Duration;
  return {
    host: environment['HOST'] || '127.0.0.1',
    port: Number(port),
    drainMs: toMilliseconds(drain, 'DRAIN_DELAY'),
  };
}
