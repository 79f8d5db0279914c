/** What a page can be shown as. */
export type MediaType = 'application/health+json' | 'application/json' | 'text/plain' | 'text/html';

/** More ranges are not looked at. */
const MOST_RANGES = 64;

/**
 * The offer that an `Accept` header likes best, the first of equals (RFC 9110, 12.5.1).
 *
 * When it likes none, the first offer: a probe that asks for a picture must learn that the service
 * fails, or that it does not; a 406 would say neither.
 */
export function negotiate(
  accept: string | null | undefined,
  offers: readonly MediaType[],
): MediaType {
  const [first = 'text/plain'] = offers;
  if (accept === null || accept === undefined || accept === '*/*' || accept === '') return first;
  const ranges = accept.split(',', MOST_RANGES).map(parseRange);
  let best = first;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality <= bestQuality) continue;
    best = offer;
    bestQuality = quality;
  }
  return best;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.toLowerCase().split(';');
  let quality = 1;
  for (const parameter of parameters) {
    const [, value] = /^\s*q\s*=\s*(\S*)\s*$/.exec(parameter) ?? [];
    // A weight that is none says nothing for the range, so it does not count.
    if (value !== undefined) quality = /^[01](?:\.\d{0,3})?$/.test(value) ? Number(value) : 0;
  }
  return { type: type.trim(), quality: Math.min(1, quality) };
}

/** The most precise range that covers the offer decides. */
function qualityOf(offer: MediaType, ranges: readonly Range[]): number {
  const covering = [offer, `${offer.slice(0, offer.indexOf('/'))}/*`, '*/*'];
  for (const type of covering) {
    const range = ranges.find((candidate) => candidate.type === type);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
