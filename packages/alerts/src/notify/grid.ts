/** The first multiple of `interval` from the grid's start that is not before `atMs`. */
export function onGrid(gridFromMs: number | null, intervalMs: number, atMs: number): number {
  if (gridFromMs === null || intervalMs === 0 || atMs <= gridFromMs) return atMs;
  return gridFromMs + Math.ceil((atMs - gridFromMs) / intervalMs) * intervalMs;
}
