import { HttpResponse, http } from 'msw/http';
import { expect, test, vi } from 'vitest';
import { supabaseAuth } from '../../src/checks/index.ts';
import { stateOf } from './state-of.ts';
import { answers, fakeThirdParties } from './third-party.ts';

fakeThirdParties();

const HEALTH = 'https://abc.supabase.co/auth/v1/health';
const check = () =>
  supabaseAuth({ url: 'https://abc.supabase.co', apiKey: 'sb_publishable_canary' });

test('GoTrue answers: passes, asked with the key', async () => {
  const key = vi.fn();
  answers(
    http.get(HEALTH, ({ request }) => {
      key(request.headers.get('apikey'));
      return HttpResponse.json({ version: 'v2.180.0', name: 'GoTrue', description: 'x' });
    }),
  );
  const state = await stateOf(check());
  expect(state).toMatchObject({ status: 'pass', code: 'ok' });
  expect(state.measurements[0]?.measurement).toBe('responseTime');
  expect(key).toHaveBeenCalledWith('sb_publishable_canary');
});

test.each([
  ['the key is not accepted', () => HttpResponse.json({}, { status: 401 }), 'auth'],
  ['paused', () => HttpResponse.json({}, { status: 540 }), 'bad_response'],
  ['down', () => HttpResponse.json({}, { status: 503 }), 'bad_response'],
  ['too many requests', () => HttpResponse.json({}, { status: 429 }), 'rate_limited'],
  ['something in between', () => HttpResponse.html('<p>sb_publishable_canary'), 'bad_response'],
  ['another service', () => HttpResponse.json({ name: 'Kong' }), 'bad_response'],
  ['moved', () => HttpResponse.redirect('https://else.test/'), 'bad_response'],
])('%s: %s', async (_, answer, code) => {
  answers(http.get(HEALTH, answer));
  const state = await stateOf(check());
  expect(state).toMatchObject({ status: 'fail', code });
  expect(JSON.stringify(state)).not.toMatch(/canary|supabase/);
});

test('options: every fault is named, and no secret is', () => {
  const options = { url: 'abc.supabase.co', apiKey: 'canary\n' };
  expect(() => supabaseAuth(options)).toThrow(/url: .*apiKey: expected a key, got another string/);
  expect(() => supabaseAuth(options)).not.toThrow(/canary/);
});
