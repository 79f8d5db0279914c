import { describe, expect, it } from 'vitest';
import { createFetch } from '../../src/fetch/index.ts';
import { type PipelineEvent, TimeoutError } from '../../src/index.ts';
import { reply, serve, serveScript, stall, steppedClock, until } from './serve.ts';

describe('limits of time', () => {
  it('body-idle: the pause between two pieces, not the time it takes', async () => {
    let send: ((piece: string) => void) | undefined;
    const url = await serve((_, response) => {
      response.flushHeaders();
      send = (piece) => void response.write(piece);
    });
    const clock = steppedClock();
    const response = await createFetch({ clock, bodyIdleTimeout: '10s' })(url);
    expect(clock.delays).toEqual([30_000]);
    const reader = response.body?.getReader();
    for (const piece of ['a', 'b']) {
      const part = reader?.read();
      await until(() => clock.delays.includes(10_000));
      await clock.advance(9_000);
      send?.(piece);
      expect(new TextDecoder().decode((await part)?.value as Uint8Array)).toBe(piece);
      expect(clock.delays).not.toContain(10_000); // nobody waits, so nobody is late
    }
    const last = reader?.read().catch((error: unknown) => error);
    await until(() => clock.delays.includes(10_000));
    await clock.advance(10_000);
    const error = await last;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ scope: 'body-idle', timeoutMs: 10_000 });
    expect(clock.delays).toEqual([]);
  });

  it.each(['text', 'json', 'arrayBuffer', 'blob', 'bytes'] as const)(
    'body-idle cuts off %s(), and that of a clone',
    async (reader) => {
      const { url } = await serveScript(stall());
      for (const isClone of [false, true]) {
        const clock = steppedClock();
        const response = await createFetch({ clock, bodyIdleTimeout: '10s' })(url);
        const other = isClone ? response.clone() : response;
        const read = other[reader]().catch((error: unknown) => error);
        await until(() => clock.delays.includes(10_000));
        await new Promise((resolve) => setImmediate(resolve)); // the first piece is in
        await until(() => clock.delays.includes(10_000));
        await clock.advance(10_000);
        expect(await read).toMatchObject({ scope: 'body-idle' });
        if (isClone) await response.body?.cancel().catch(() => {});
        expect(clock.delays).toEqual([]);
      }
    },
  );

  it('reads whole bodies with a body-idle limit as without, once', async () => {
    const { url } = await serveScript(
      reply(200, '{"a":1}', { 'content-type': 'application/json; charset=utf-8' }),
    );
    const fetch = createFetch({ bodyIdleTimeout: '10s' });
    expect(await (await fetch(url)).json()).toEqual({ a: 1 });
    expect((await (await fetch(url)).blob()).type).toContain('application/json');
    const response = await fetch(url);
    const texts = await Promise.allSettled([response.text(), response.text()]);
    expect(texts.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
  });

  it('are told to a listener in the body, too', async () => {
    const { url } = await serveScript(stall());
    const clock = steppedClock();
    const events: PipelineEvent[] = [];
    const fetch = createFetch({
      clock,
      bodyIdleTimeout: '10s',
      onEvent(event) {
        if (event.type === 'timeout') events.push(event);
        throw new Error('listener');
      },
    });
    for (const waitMs of [10_000, 30_000]) {
      const response = await fetch(url);
      const text = waitMs === 10_000 ? response.text().catch(() => {}) : undefined;
      await until(() => text === undefined || clock.delays.includes(10_000));
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(waitMs);
      await text;
    }
    const key = new URL(url).origin;
    expect(events).toEqual([
      { type: 'timeout', key, attempt: 1, scope: 'body-idle', timeoutMs: 10_000 },
      { type: 'timeout', key, attempt: 1, scope: 'total', timeoutMs: 30_000 },
    ]);
  });

  it('longer than a timer can hold never pass, instead of at once', async () => {
    const { url } = await serveScript(reply(200, 'ok'));
    const fetch = createFetch({ timeout: '90d', attemptTimeout: '60d', bodyIdleTimeout: '30d' });
    expect(await (await fetch(url)).text()).toBe('ok');
  });

  it('the sooner of its own, the one of the call and the one around it', async () => {
    const { url } = await serveScript(() => {});
    const clock = steppedClock();
    const { deadlineIn } = await import('../../src/index.ts');
    const around = deadlineIn('2s', clock);
    const fetch = createFetch({ clock, parentDeadline: () => around });
    const outcomes = [
      fetch(url, { resilience: { deadline: deadlineIn('1s', clock) } }),
      fetch(url),
    ].map((outcome) => outcome.catch((error: unknown) => error));
    await clock.advance(1_000);
    expect(await outcomes[0]).toMatchObject({ scope: 'total', timeoutMs: 1_000 });
    await clock.advance(1_000);
    expect(await outcomes[1]).toMatchObject({ scope: 'total', timeoutMs: 2_000 });
  });
});
