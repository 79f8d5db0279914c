import { expect, it } from 'vitest';
import { configFromEnvironment, serverFromEnvironment } from '../environment.ts';

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

it('listens on this machine only, at port 3000, and drains for 5 s, unless told otherwise', () => {
  const empty = { PORT: '', HOST: '', DRAIN_DELAY: '' };
  const standard = { host: '127.0.0.1', port: 3000, drainMs: 5_000 };
  expect(serverFromEnvironment({})).toEqual(standard);
  expect(serverFromEnvironment(empty)).toEqual(standard);
  expect(serverFromEnvironment({ PORT: '0', HOST: '0.0.0.0', DRAIN_DELAY: '250ms' })).toEqual({
    host: '0.0.0.0',
    port: 0,
    drainMs: 250,
  });
});

it.each([
  [{ PORT: 'http' }, /^PORT: expected a whole number from 0 to 65535, got 'http'$/],
  [{ PORT: '70000' }, /^PORT: /],
  [{ PORT: '-1' }, /^PORT: /],
  [{ DRAIN_DELAY: 'soon' }, /^DRAIN_DELAY: expected .*got 'soon'$/],
])('names the variable in %j', (environment, message) => {
  expect(() => serverFromEnvironment(environment)).toThrow(message);
});
