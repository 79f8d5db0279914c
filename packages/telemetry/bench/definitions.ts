import * as z from 'zod';
import { defineEvents } from '../src/index.ts';

/** What clients send to the ingest handler. */
export const events = defineEvents({
  workflow_executed: z.object({
    n: z.number(),
    workflowId: z.uuid(),
    workflow: z.string(),
    status: z.enum(['success', 'error']),
    ms: z.number(),
    steps: z.int(),
    trigger: z.string(),
    host: z.string(),
    plan: z.string(),
    message: z.string(),
  }),
});

export const KEY = 'write-key';
export const NAME = 'workflow_executed';
/** Of each event. */
export const CONTEXT = { userId: 'u1', path: '/workflows' } as const;
