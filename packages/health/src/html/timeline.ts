import type { Sample } from '../history.ts';
import { isWorse, type Status } from '../status.ts';
import { html, type Markup } from './markup.ts';
import { lengthOf, moment } from './moment.ts';
import { WORDS } from './status-mark.ts';

const DAY_MS = 86_400_000;
/** A quarter of an hour each: what a phone's width can show. */
const CELLS = 96;
const CELL_MS = DAY_MS / CELLS;
/** Of the list in words. */
const MOST_STRETCHES = 20;

/** The worse, the taller: told apart without colour. */
const HEIGHTS: Readonly<Record<Status, number>> = { pass: 6, warn: 14, fail: 24 };

/** The last 24 hours of one check, as a picture and in words. */
export function timeline(name: string, samples: readonly Sample[], nowMs: number): Markup {
  const startMs = nowMs - DAY_MS;
  const words = summaryOf(samples, startMs, nowMs);
  return html`<div class="timeline">
<svg viewBox="0 0 ${CELLS} 24" preserveAspectRatio="none" role="img" aria-label="${name}, last 24 hours: ${words}">${barsOf(cellsOf(samples, startMs))}</svg>
<div class="ends quiet" aria-hidden="true"><span>24 h ago</span><span>now</span></div>
<details><summary class="quiet">History: ${words}</summary>
<ol class="stretches" reversed>${stretches(samples, nowMs)}</ol></details>
</div>`;
}

/** The worst status of each cell. */
function cellsOf(samples: readonly Sample[], startMs: number): (Status | undefined)[] {
  const cells: (Status | undefined)[] = Array.from({ length: CELLS });
  for (const { from, to, status } of samples) {
    const first = Math.max(0, Math.floor((from.getTime() - startMs) / CELL_MS));
    const end = Math.min(CELLS, Math.ceil((to.getTime() - startMs) / CELL_MS));
    for (let at = first; at < end; at += 1) {
      const before = cells[at];
      if (before === undefined || isWorse(status, before)) cells[at] = status;
    }
  }
  return cells;
}

/** A bar for each run of equal cells. */
function barsOf(cells: readonly (Status | undefined)[]): Markup[] {
  const bars: Markup[] = [];
  for (let at = 0; at < cells.length; ) {
    const status = cells[at];
    let end = at + 1;
    while (end < cells.length && cells[end] === status) end += 1;
    if (status !== undefined) {
      const height = HEIGHTS[status];
      bars.push(
        html`<rect class="${status}" x="${at}" y="${24 - height}" width="${end - at}" height="${height}"/>`,
      );
    }
    at = end;
  }
  return bars;
}

function summaryOf(samples: readonly Sample[], startMs: number, nowMs: number): string {
  const sumsMs = { fail: 0, warn: 0, pass: 0 };
  for (const { from, to, status } of samples) {
    // The present minute's sample ends ahead of now.
    const lengthMs = Math.min(to.getTime(), nowMs) - Math.max(from.getTime(), startMs);
    sumsMs[status] += Math.max(0, lengthMs);
  }
  const known = (['fail', 'warn', 'pass'] as const)
    .filter((status) => samples.some((sample) => sample.status === status))
    .map((status) => `${WORDS[status]} ${lengthOf(sumsMs[status])}`);
  const unknownMs = nowMs - startMs - sumsMs.fail - sumsMs.warn - sumsMs.pass;
  return [...known, ...(unknownMs >= 60_000 ? [`no data ${lengthOf(unknownMs)}`] : [])].join(', ');
}

/** The newest first. */
function stretches(samples: readonly Sample[], nowMs: number): Markup[] {
  return samples
    .slice(-MOST_STRETCHES)
    .toReversed()
    .map(({ from, to, status, code }) => {
      const end = to.getTime() > nowMs ? html`now` : html`${moment(to)}`;
      return html`<li>${moment(from)} to ${end}: ${WORDS[status]}${code === 'ok' ? '' : `, ${code}`}</li>`;
    });
}
