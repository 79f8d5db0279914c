import { expect, it } from 'vitest';
import { directory } from '../../src/index.ts';
import { lint } from '../../src/lint/index.ts';
import { NOW } from './example.ts';

// The defects of the files that this package grew out of, one of each, in their order.
const FOLDER = new URL('./origin/', import.meta.url);

it('names every defect of the origin with its place', async () => {
  const report = await lint({ sources: [directory(FOLDER)], clock: NOW });
  const found = report.findings.map(
    ({ file, line, column, rule, message }) =>
      `${file.replace(/^.*\//, '')}:${line}:${column} ${rule}: ${message.replaceAll(/[^ (]*\/origin\//g, '')}`,
  );
  expect(found).toMatchInlineSnapshot(`
    [
      "20250201000001_performance_indexes.sql:1:1 duplicate-version: has the version 20250201000001, as has 20250201000001_blog_comments.sql",
      "20250201000001_performance_indexes.sql:2:1 require-concurrent-index-creation: index idx_workflow_executions_started_at on workflow_executions is built while writes wait",
      "20250201000001_performance_indexes.sql:3:27 object-created-later: workflow_executions has no column started_at yet; it appears only later, in 20250302000000_workflow_executions.sql:4",
      "20250201000001_performance_indexes.sql:4:1 require-concurrent-index-creation: index idx_profiles_plan on profiles is built while writes wait",
      "20250201000001_performance_indexes.sql:6:1 require-concurrent-index-creation: index idx_profiles_plan on profiles is built while writes wait",
      "20250201000001_performance_indexes.sql:6:28 if-not-exists-name-collision: index idx_profiles_plan exists already (20250201000001_performance_indexes.sql:4) with another definition, so this index is not made",
      "20250201000001_performance_indexes.sql:9:21 syntax-error: syntax error at or near "exists"",
      "20250302000000_workflow_executions.sql:1:28 if-not-exists-name-collision: table workflow_executions exists already (20250124000000_orchestrator.sql:8) with another shape, so this does nothing: it has no started_at",
      "20250302000000_workflow_executions.sql:8:1 require-concurrent-index-creation: index idx_workflow_executions_started_at on workflow_executions is built while writes wait",
      "20250302000000_workflow_executions.sql:8:28 if-not-exists-name-collision: index idx_workflow_executions_started_at exists already (20250201000001_performance_indexes.sql:2) with another definition, so this index is not made",
      "20250302000000_workflow_executions.sql:9:27 unknown-column: workflow_executions has no column started_at",
      "99999999999999_master_schema.sql:1:1 far-future-version: version 99999999999999 lies ahead, so every file made until then comes out of order",
      "2025-11-05_gamify.sql:1:1 ignored-file-name: the name does not say its version, so the file would be ignored",
    ]
  `);
});
