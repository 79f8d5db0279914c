/**
 * A UUID version 7 in half the code of `uuid7`: 48 bits of `now` in milliseconds, then 72 bits of the
 * platform's random source; the two bits beside the variant are 10.
 */
export function eventId(now: number): string {
  const time = hex(Math.trunc(now), 48);
  const [a = '', b = '', ...rest] = Array.from(crypto.getRandomValues(new Uint16Array(5)), (bits) =>
    hex(bits, 16),
  );
  return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(1)}-a${b.slice(1)}-${rest.join('')}`;
}

function hex(value: number, bits: number): string {
  return (value + 2 ** bits).toString(16).slice(1);
}
