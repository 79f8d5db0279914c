/**
 * A UUID version 7 in half the code of `uuid7`: 48 bits of `now` in milliseconds, then 72 bits of the
 * platform's random source; the two bits beside the variant are 10. A clock before 1970 or with
 * fractions gives a valid id as well.
 */
export function eventId(now: number): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (bits) => hex(bits, 8));
  const bits = random.join('');
  return `${hex(Math.abs(now), 48)}7${bits.slice(1, 4)}a${bits.slice(5)}`.replace(
    /(.{8})(.{4})(.{4})(.{4})/,
    '$1-$2-$3-$4-',
  );
}

/** At most 12 digits, without those of a fraction. */
function hex(value: number, bits: number): string {
  return (value + 2 ** bits).toString(16).slice(1, 13);
}
