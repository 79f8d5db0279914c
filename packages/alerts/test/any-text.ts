import fc from 'fast-check';

/** Any code units, halves of characters among them; fast-check's own `binary` takes 2 s to set up. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc
    .array(fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0xff_ff })), { maxLength })
    .map((units) => String.fromCharCode(...units));
}
