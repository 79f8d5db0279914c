import { isSampled, type SampleRates, sampleRateOf } from '../client/sample.ts';

/** Undefined: the event is kept and stands for itself. 0: it is left out. Else it stands for 1 / n. */
export type Sampler = (name: unknown, userId: unknown, id: string) => number | undefined;

/**
 * For the option `sample`: keeps a share of the events, of all or by name. The events of one
 * `context.userId` are all kept or all left out, here and in Node alike.
 */
export function sampled(rates: SampleRates): Sampler {
  return (name, userId, id) => {
    const rate = sampleRateOf(rates, name as string);
    if (rate >= 1) return undefined;
    const key = typeof userId === 'string' && userId !== '' ? userId : id;
    return isSampled(key, rate) ? rate : 0;
  };
}
