import type { DropReason } from '../client/drop.ts';

/**
 * As in Node, and `unload`: the page was closed or left when neither a beacon nor a keepalive
 * request nor the store had room for the event. It may have arrived all the same.
 */
export type BrowserDropReason = DropReason | 'unload';
