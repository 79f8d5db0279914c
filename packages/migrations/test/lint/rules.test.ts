import { describe, expect, it } from 'vitest';
import { explain } from '../../src/lint/index.ts';
import { RULES } from '../../src/lint/rules/registry.ts';
import { useFolder } from '../folder.ts';
import { lintFolder, rulesOf, splitExample } from './example.ts';

const folder = useFolder();

describe.each(RULES)('$id', ({ id, severity, bad, good, why, rewrite }) => {
  // A rule that is off is looked at with only itself switched on beside the others.
  const rules = severity === 'off' ? { [id]: 'error' as const } : {};

  it('is the only rule that its bad example breaks', async () => {
    const report = await lintFolder(folder, splitExample(bad), { rules });
    expect([...new Set(rulesOf(report))]).toEqual([id]);
    const [finding] = report.findings;
    expect(finding).toMatchObject({ why, severity: severity === 'off' ? 'error' : severity });
    expect(finding?.message).not.toMatch(/\.$|undefined|\s{2}/);
    expect(finding?.safeRewrite ?? '').not.toContain('undefined');
  });

  it('has nothing to say, nor has another rule, about its good example', async () => {
    const report = await lintFolder(folder, splitExample(good), { rules });
    expect(report.findings).toEqual([]);
  });

  it('explains itself in words', () => {
    expect(why).toMatch(/\.$/);
    expect(rewrite).not.toBe('');
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
    expect(explain(id)).toMatchObject({ id, why, bad, good });
  });
});

it('has each rule once', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
