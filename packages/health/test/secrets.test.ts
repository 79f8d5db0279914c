import { expect, test } from 'vitest';
import { http } from '../src/checks/index.ts';
import { createHealth, type HealthEvent, type Outcome } from '../src/index.ts';
import { closeServersAfterEach, listening } from './local-server.ts';

const CANARY = 'c4nary';
closeServersAfterEach();

/** Everything that is shown to anyone, or handed to a log. */
async function everythingSaid(
  checks: Record<string, Parameters<typeof createHealth>[0]['checks'][string]>,
) {
  const said: string[] = [];
  for (const details of [false, true]) {
    const events: HealthEvent[] = [];
    await using health = createHealth({
      checks,
      details,
      redact: ['my c4nary'],
      onEvent: (e) => events.push(e),
    });
    for (const path of [
      '/health',
      '/readyz?verbose',
      '/healthz',
      ...Object.keys(checks).map((name) => `/readyz/${name}`),
    ]) {
      const response = await health.fetch(new Request(`http://localhost${path}`));
      said.push(await response.text(), JSON.stringify([...response.headers]));
    }
    said.push(JSON.stringify(health.report()), JSON.stringify(events));
  }
  return said.join('\n');
}

const throwing = (thrown: unknown) => (): Outcome => {
  throw thrown;
};
class Custom extends Error {
  config = { password: CANARY };
  toJSON() {
    return { token: CANARY };
  }
  override toString() {
    return CANARY;
  }
}

test.each([
  ['message', throwing(new Error(`connect postgres://app:${CANARY}@db/app`))],
  ['message, as key and value', throwing(new Error(`bad password=${CANARY}`))],
  ['message, as a configured literal', throwing(new Error('I like my c4nary'))],
  ['cause', throwing(new Error('down', { cause: new Error(CANARY) }))],
  ['aggregated errors', throwing(new AggregateError([new Error(CANARY)], 'all down'))],
  ['own properties, toJSON, toString', throwing(new Custom('down'))],
  ['name and code', throwing(Object.assign(new Error(''), { name: CANARY, code: CANARY }))],
  ['stack', throwing(Object.assign(new Error('down'), { stack: CANARY }))],
  ['a thrown object', throwing({ [CANARY]: CANARY, toString: () => CANARY })],
  ['a thrown string', throwing(`token: ${CANARY}`)],
  ['an unknown key and value', () => ({ [CANARY]: CANARY }) as Outcome],
  ['an unknown status', () => ({ status: CANARY }) as unknown as Outcome],
  [
    'a measured value',
    () => ({ status: 'warn' as const, value: `secret=${CANARY}`, unit: `token=${CANARY}` }),
  ],
])('a secret in %s is nowhere', async (_, run) => {
  const said = await everythingSaid({ one: run });
  expect(said).not.toContain(CANARY);
  expect(said).toMatch(/fail|warn/);
});

test.each([
  ['an answer', 500],
  ['a redirect', 302],
  ['no answer', 0],
])("a secret in an HTTP check's URL and headers is nowhere, given %s", async (_, status) => {
  const origin = await listening((request, response) => {
    if (status === 0) request.socket.destroy();
    else
      response.writeHead(status, CANARY, { location: `http://x/${CANARY}`, x: CANARY }).end(CANARY);
  });
  const url = `${origin}/${CANARY}?key=${CANARY}`;
  const said = await everythingSaid({
    plain: http({ url, headers: { authorization: CANARY } }),
    refused: http({ url, headers: { authorization: `${CANARY}\n\u0000` } }),
    failing: http({
      url,
      headers: () => {
        throw new Error(`my c4nary and ${CANARY}`);
      },
    }),
  });
  expect(said).not.toContain(CANARY);
  expect(said).toContain('headers() failed');
});
