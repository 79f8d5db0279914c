export type Properties = Readonly<Record<string, unknown>>;

/** The properties of whatever came. */
export function record(value: unknown): Properties {
  return typeof value === 'object' && value !== null ? (value as Properties) : {};
}
