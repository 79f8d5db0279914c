import { expect, it } from 'vitest';
import { configFromEnvironment } from '../environment.ts';

const complete = {
  AUTH_URL: 'http://auth.internal/health',
  PARTNER_URL: 'http://partner.internal/health',
  TELEMETRY_KEY: 'key',
  ALERT_WEBHOOK_URL: 'http://alerts.internal/',
  ALERT_WEBHOOK_SECRET: 'whsec_c2VjcmV0',
};

it('takes the deployment from the environment', () => {
  expect(configFromEnvironment(complete)).toMatchObject({
    authUrl: complete.AUTH_URL,
    alertWebhook: { url: complete.ALERT_WEBHOOK_URL, secret: complete.ALERT_WEBHOOK_SECRET },
  });
});

it('names every variable that is missing', () => {
  expect(() =>
    configFromEnvironment({ ...complete, AUTH_URL: '', TELEMETRY_KEY: undefined }),
  ).toThrow('Set the environment variables AUTH_URL, TELEMETRY_KEY');
});
