import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { LabelledSeries } from './score.ts';

/** `data/labels.json`: times such as `2015-03-03 21:07:53`, in no time zone. */
type Labels = Record<string, { readonly labels: string[]; readonly windows: [string, string][] }>;

/** The series of `data`: five-minute counts of what was said about a company, 55 days each. */
export function readLabelledSeries(): readonly LabelledSeries[] {
  const labels = JSON.parse(read('labels.json').toString()) as Labels;
  return Object.entries(labels).map(([name, labelled]) => {
    const rows = gunzipSync(read(`${name}.csv.gz`))
      .toString()
      .trim()
      .split('\n')
      .slice(1);
    const columns = rows.map((row) => row.split(','));
    return {
      name,
      timesMs: columns.map(([time = '']) => timeOf(time)),
      counts: columns.map(([, count]) => Number(count)),
      labelsMs: labelled.labels.map(timeOf),
      windowsMs: labelled.windows.map(([from, to]) => [timeOf(from), timeOf(to)]),
    };
  });
}

function read(name: string): Buffer {
  return readFileSync(new URL(`data/${name}`, import.meta.url));
}

function timeOf(time: string): number {
  return Date.parse(`${time.slice(0, 19).replace(' ', 'T')}Z`);
}
