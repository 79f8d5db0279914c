import { expect, it } from 'vitest';
import { createLostReports } from '../../src/ingest/lost-reports.ts';
import { uuid7 } from '../../src/uuid.ts';

const counts = { shutdown: 1 };

it('knows a report by its id and its sender', () => {
  const reports = createLostReports();
  const id = uuid7(0);
  expect(reports.accept('a', { id, counts })).toEqual(counts);
  expect(reports.accept('a', { id, counts })).toBeUndefined();
  expect(reports.accept('a', { id: id.toUpperCase(), counts })).toBeUndefined();
  expect(reports.accept('b', { id, counts })).toEqual(counts);
});

it('remembers so many, the last ones', () => {
  const reports = createLostReports(2);
  const [one, two, three] = [uuid7(1), uuid7(2), uuid7(3)];
  for (const id of [one, two, three]) reports.accept('a', { id, counts });
  expect(reports.accept('a', { id: three, counts })).toBeUndefined();
  expect(reports.accept('a', { id: two, counts })).toBeUndefined();
  expect(reports.accept('a', { id: one, counts })).toEqual(counts);
});

it('does not remember what was no report', () => {
  const reports = createLostReports();
  const id = uuid7(0);
  expect(() => reports.accept('a', { id, counts: { shutdown: -1 } })).toThrow(TypeError);
  expect(reports.accept('a', { id, counts })).toEqual(counts);
});
