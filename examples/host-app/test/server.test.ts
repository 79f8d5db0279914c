import { Agent, get } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { listen } from '../server.ts';

const agent = new Agent({ keepAlive: true, maxSockets: 4 });
afterEach(() => {
  agent.destroy();
});

/** One request: its status, or the code of the error, and whether its connection was a kept one. */
function ask(url: string): Promise<{ answer: number | string; isReused: boolean }> {
  return new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      response.resume().once('end', () => {
        resolve({ answer: response.statusCode ?? 0, isReused: request.reusedSocket });
      });
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ answer: error.code ?? error.message, isReused: request.reusedSocket });
    });
  });
}

it('retires and closes under clients that never stop asking, and cuts none of their connections', async () => {
  const server = await listen(async () => new Response('ok'), 0);
  const answers: { answer: number | string; isReused: boolean }[] = [];
  /** Until a new connection is turned away, as a load balancer would go elsewhere then. */
  const client = async (): Promise<void> => {
    for (;;) {
      const asked = await ask(server.url);
      if (asked.answer !== 200 && !asked.isReused) return;
      answers.push(asked);
    }
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  const answeredUntil = async (isEnough: () => boolean): Promise<void> => {
    while (!isEnough()) await new Promise((resolve) => setImmediate(resolve));
  };
  await answeredUntil(() => answers.filter(({ isReused }) => isReused).length > 40);
  server.retire();
  const retiredAt = answers.length;
  await answeredUntil(() => answers.length > retiredAt + 40);
  await server.close();
  await clients;
  // The port no longer answers, and nobody who had a connection was cut off.
  expect(new Set(answers.map(({ answer }) => answer))).toEqual(new Set([200]));
});

it('tells a client whose request was running when it retired to end its connection', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const server = await listen(async () => {
    begin();
    await held;
    return new Response('late');
  }, 0);
  const asked = ask(server.url);
  await begun;
  const closed = server.close();
  release();
  expect((await asked).answer).toBe(200);
  await closed;
});
