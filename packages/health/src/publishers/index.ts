// Telling others of transitions.

export type { PublishContext, Publisher } from './publisher.ts';
export { type SinkOptions, sink } from './sink.ts';
export { type WebhookPayload, webhook } from './webhook.ts';
export type { WebhookOptions } from './webhook-options.ts';
