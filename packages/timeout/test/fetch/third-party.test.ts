import { HttpResponse, http } from 'msw/http';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createFetch } from '../../src/fetch/index.ts';

const server = setupServer(
  http.post('https://partner.test/orders', async ({ request }) =>
    HttpResponse.json({ got: await request.json() }, { status: 201 }),
  ),
);
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

it('sends a request as fetch does and gives back its answer', async () => {
  const response = await createFetch()('https://partner.test/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 7 }),
  });
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({ got: { id: 7 } });
});

it('cannot reach a partner that nobody fakes', async () => {
  await expect(createFetch()('https://elsewhere.test/')).rejects.toThrow(/fetch/);
});
