/** The tables of `postgresStore` are not in the schema where it looks for them. */
export class AlertTablesMissingError extends Error {
  override readonly name = 'AlertTablesMissingError';
  readonly code = 'ERR_OPS_ALERT_TABLES_MISSING';
  /** The option `schema`, as it was given. */
  readonly schema: string;

  constructor(schema: string, options?: ErrorOptions) {
    super(
      `the tables of @ops/alerts are not in the schema ${JSON.stringify(schema)}: call ensureTables(pool, { schema }) at the start, or give alertsTables to your migration runner`,
      options,
    );
    this.schema = schema;
  }
}
