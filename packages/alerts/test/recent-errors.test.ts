import { describe, expect, it } from 'vitest';
import { createRecentErrors } from '../src/recent-errors.ts';

const all = (): boolean => true;

describe('createRecentErrors', () => {
  it('shows the kinds after a moment, most frequent first, masked', () => {
    const recent = createRecentErrors();
    recent.add(new Error('too early'), {}, 10);
    recent.add(new Error('order 1 lost'), { route: '/pay', integration: 'shopify' }, 11);
    recent.add('password=hunter22', {}, 11);
    recent.add(new Error('order 2 lost'), { route: '/pay', integration: 'shopify' }, 12);
    expect(recent.samples(all, 10)).toEqual([
      { message: 'Error: order # lost', count: 2, route: '/pay', integration: 'shopify' },
      { message: 'password=[redacted]', count: 1 },
    ]);
  });

  it('shows no more than 5 kinds', () => {
    const recent = createRecentErrors();
    for (const kind of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) recent.add(kind, {}, 1);
    expect(recent.samples(all, 0)).toHaveLength(5);
  });

  it('keeps what a quiet series said while another is noisy', () => {
    const recent = createRecentErrors();
    recent.add('quiet trouble', { integration: 'wave' }, 1);
    for (let index = 0; index < 1_000; index += 1) {
      recent.add('loud trouble', { integration: 'shopify' }, 2);
    }
    const [sample] = recent.samples(({ labels }) => labels['integration'] === 'wave', 0);
    expect(sample).toEqual({ message: 'quiet trouble', count: 1, integration: 'wave' });
  });

  it('lets those go that were silent longest when labels are made up without end', () => {
    const recent = createRecentErrors();
    for (let index = 0; index < 5_000; index += 1) {
      recent.add('old', { user: `made-up-${index}` }, index);
      if (index % 30 === 0) recent.add('steady', { user: 'ann' }, index);
    }
    const seen = new Set<string | undefined>();
    const samples = recent.samples(({ labels }) => {
      seen.add(labels['user']);
      return true;
    }, -1);
    expect(seen.size).toBe(64);
    expect(seen).toContain('ann');
    expect(seen).toContain('made-up-4999');
    expect(samples.map(({ message }) => message)).toEqual(['old', 'steady']);
  });

  it('holds what it holds, after a million distinct messages', () => {
    const recent = createRecentErrors();
    for (let index = 0; index < 1_000_000; index += 1) {
      recent.add(`failure ${String.fromCharCode(97 + (index % 26))}`, {}, index);
    }
    const samples = recent.samples(all, 0);
    expect(samples).toHaveLength(5);
    // All it knows of are the last 16 of these labels.
    expect(samples.every((sample) => sample.count === 1)).toBe(true);
  });

  it('does not hold up on the worst text for the patterns that mask', () => {
    const recent = createRecentErrors();
    const seeds = [
      'a',
      '1',
      'a-',
      'a.',
      'token',
      'token=',
      'token\\',
      'token="\\',
      'pass"',
      '@',
      'a@a.',
      '://',
      '"',
      ' ',
      '-----BEGIN',
    ];
    for (const seed of seeds) {
      for (let index = 0; index < 16; index += 1) {
        recent.add(`${index}${seed.repeat(1_000)}`, { seed }, 1);
      }
    }
    // Quadratic patterns would take minutes here, and run into the test's time limit.
    expect(recent.samples(all, 0)).toHaveLength(5);
  });
});
