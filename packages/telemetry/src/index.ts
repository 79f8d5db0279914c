// The events of an application, declared once for both ends.

// Everything that is thrown.
export { InvalidOptionsError } from '@ops/timeout';
export { TableMismatchError } from './errors.ts';
export { defineEvents, type EventDefinitions, type EventName, type EventProps } from './events.ts';
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from './standard-schema.ts';
// What travels between client and server.
export type { EventResult, WireBatch, WireEvent, WireResults } from './wire.ts';
