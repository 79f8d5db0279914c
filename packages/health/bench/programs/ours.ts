import type { RequestListener } from 'node:http';
import { createHealth, type Health } from '../../src/index.ts';
import { toNodeListener } from '../../src/node/index.ts';
import { onPort } from './on-port.ts';
import { serve } from './serve.ts';

await serve(({ ask, settings: { timeout, ttl, through } }) => {
  const health = createHealth({ checks: { dependency: ask }, defaults: { timeout, ttl } });
  return onPort(through === 'fetch' ? converting(health) : toNodeListener(health));
});

/** The least that an adapter of `fetch` has to do. */
function converting({ fetch }: Pick<Health, 'fetch'>): RequestListener {
  return (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const init = { method, headers: headers as Record<string, string> };
    const asked = new Request(`http://${headers.host ?? 'localhost'}${url}`, init);
    const answered = async (): Promise<void> => {
      const answer = await fetch(asked);
      const body = await answer.text();
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
    };
    void answered();
  };
}
