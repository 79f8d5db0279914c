// Time that a test moves, a fetch that follows a script, and a check that nothing was left behind.
export { assertNothingLeft, type Leftovers } from './assert-nothing-left.ts';
export { type ManualClock, manualClock } from './manual-clock.ts';
export { type ScriptedFetch, type ScriptedReply, scriptedFetch } from './scripted-fetch.ts';
