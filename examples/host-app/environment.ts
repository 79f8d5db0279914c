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
    alertWebhook: { url: required('ALERT_WEBHOOK_URL'), secret: required('ALERT_WEBHOOK_SECRET') },
  };
  if (missing.length > 0) throw new Error(`Set the environment variables ${missing.join(', ')}`);
  return config;
}
