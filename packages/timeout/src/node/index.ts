// What needs Node: a deadline that follows the call, and diagnostics channels.
export { currentDeadline, runWithDeadline } from './current-deadline.ts';
export { CHANNEL_PREFIX, publishEvents } from './diagnostics.ts';
