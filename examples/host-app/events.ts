import { defineEvents } from '@ops/telemetry';
import * as z from 'zod';

/** What the service records about itself and its users; client and ingest share this file. */
export const events = defineEvents({
  page_view: z.object({ title: z.string().optional() }),
  workflow_executed: z.object({ workflowId: z.uuid(), ms: z.number().nonnegative() }),
  error: z.object({ message: z.string(), integration: z.string().optional() }),
});
