import { expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import { createHealth, type Publisher, type Transition } from '../../src/index.ts';
import {
  type SinkOptions,
  sink,
  type WebhookOptions,
  webhook,
} from '../../src/publishers/index.ts';
import { sinkSchema } from '../../src/publishers/sink.ts';
import { webhookSchema } from '../../src/publishers/webhook-options.ts';

test('the options that are checked are those that are declared', () => {
  expectTypeOf<Readonly<z.input<typeof webhookSchema>>>().toEqualTypeOf<WebhookOptions>();
  expectTypeOf<Readonly<z.input<typeof sinkSchema>>>().toEqualTypeOf<SinkOptions>();
});

test('publishers as they are given', () => {
  const byHand: Publisher = { name: 'mine', publish: ({ code }) => console.log(code) };
  createHealth({
    checks: {},
    publishers: [
      webhook({ url: 'https://x/', timeout: '5s', headers: { a: 'b' } }),
      sink((event) => {
        expectTypeOf(event).toEqualTypeOf<Transition>();
      }),
      sink(async (_, { signal }) => void (await fetch('https://x/', { signal }))),
      byHand,
    ],
  });
  // @ts-expect-error -- misspelt
  webhook({ url: 'https://x/', timeOut: '5s' });
  // @ts-expect-error -- there is no such preset
  createHealth({ checks: {}, preset: 'nagios' });
});
