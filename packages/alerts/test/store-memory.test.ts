import { beforeEach } from 'vitest';
import { type ManualClock, manualClock } from '../../timeout/src/testing/index.ts';
import { memoryStore } from '../src/store/memory.ts';
import type { Store } from '../src/store.ts';
import { describeStore } from './store-contract.ts';

let clock: ManualClock;
let store: Store;
beforeEach(() => {
  clock = manualClock();
  store = memoryStore({ clock });
});

describeStore('memory', () => ({
  open: (scope = 'billing/test') => store.open({ scope, clock }),
  pass: (ms) => clock.advance(ms),
}));
