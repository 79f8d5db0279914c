import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { http } from '../src/checks/index.ts';
import { createHealth, type HealthEvent, type Outcome } from '../src/index.ts';
import { type Observation, observeHealth } from '../src/metrics/index.ts';
import { sink, webhook } from '../src/publishers/index.ts';
import { closeServersAfterEach, listening } from './local-server.ts';

const CANARY = 'c4nary';
closeServersAfterEach();

const ROUTES = [
  '/health',
  '/health/ui',
  '/health/metrics',
  '/health/live',
  '/health/ready',
  '/readyz',
  '/readyz?verbose',
  '/livez',
  '/healthz?verbose&exclude=nothing',
  '/startupz',
];
const ACCEPTS = ['application/health+json', 'application/json', 'text/plain', 'text/html'];

/** Everything that is shown to anyone, told to anyone, or handed to a log: every route × format × method. */
async function everythingSaid(
  checks: Record<string, Parameters<typeof createHealth>[0]['checks'][string]>,
) {
  const said: string[] = [];
  const send = (async (_, init) => {
    said.push(inspect(init?.body));
    return new Response(null, { status: 204 });
  }) satisfies typeof globalThis.fetch;
  for (const details of [false, true]) {
    const events: HealthEvent[] = [];
    const health = createHealth({
      checks,
      details,
      preset: 'microprofile',
      redact: ['my c4nary'],
      onEvent: (e) => events.push(e),
      publishers: [
        webhook({ url: `http://localhost/${CANARY}`, details, fetch: send }),
        sink((event) => void said.push(inspect(event, { depth: 9 }))),
        sink(() => {
          throw new AggregateError([new Error(CANARY)], `Basic ${CANARY}`);
        }),
      ],
    });
    const meter = {
      createObservableGauge: () => instrument,
      createObservableCounter: () => instrument,
    };
    const instrument = {
      addCallback: (callback: (observation: Observation) => void) => void callbacks.push(callback),
      removeCallback: () => {},
    };
    const callbacks: ((observation: Observation) => void)[] = [];
    observeHealth(health, meter);
    for (const path of [...ROUTES, ...Object.keys(checks).map((name) => `/readyz/${name}`)]) {
      for (const accept of ACCEPTS) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const request = new Request(`http://localhost${path}`, { method, headers: { accept } });
          const response = await health.fetch(request);
          said.push(await response.text(), inspect([...response.headers]));
        }
      }
    }
    health.fatal(`postgres://app:${CANARY}@db/`);
    said.push(await (await health.fetch(new Request('http://localhost/health/ui'))).text());
    for (const callback of callbacks) {
      callback({ observe: (...observed) => void said.push(inspect(observed)) });
    }
    await health.stop();
    said.push(inspect(health.report(), { depth: 9 }), inspect(events, { depth: 9 }));
    expect(events.map(({ type }) => type)).toContain('publisher-failed');
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
  [
    'the message of a measurement',
    () => ({ status: 'warn' as const, message: `postgres://app:${CANARY}@db/app` }),
  ],
  [
    'a finding',
    () => ({
      status: 'warn' as const,
      findings: [
        {
          name: 'leak',
          level: 'warn' as const,
          object: `token=${CANARY}`,
          detail: 'I like my c4nary',
          remediation: `psql postgres://app:${CANARY}@db/app`,
        },
      ],
    }),
  ],
])('a secret in %s is nowhere', async (_, run) => {
  const said = await everythingSaid({ one: run });
  expect(said).not.toContain(CANARY);
  expect(said).toMatch(/fail|warn/);
});

test('what only an authorised reader may see is shown to no other, whatever the canary', async () => {
  const word = fc.stringMatching(/^[a-z]{8,16}$/).map((text) => `x${text}x`);
  await fc.assert(
    fc.asyncProperty(word, fc.constantFrom('throw', 'warn', 'finding'), async (canary, how) => {
      const finding = { name: 'one', level: 'warn', object: canary, detail: canary } as const;
      const run = (): Outcome => {
        if (how === 'throw') throw new Error(`it is ${canary}`);
        const findings = how === 'finding' ? [finding] : [];
        return { status: 'warn', value: canary, unit: canary, message: canary, findings };
      };
      for (const details of [false, true]) {
        await using health = createHealth({
          checks: { one: run },
          groups: { live: ['one'] },
          details,
        });
        await health.check();
        const bodies: string[] = [];
        for (const path of [...ROUTES, '/readyz/one']) {
          for (const accept of ACCEPTS) {
            const request = new Request(`http://localhost${path}`, { headers: { accept } });
            const response = await health.fetch(request);
            bodies.push(await response.text(), inspect([...response.headers]));
          }
        }
        expect(bodies.join().includes(canary)).toBe(details);
      }
    }),
    { numRuns: 20 },
  );
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
