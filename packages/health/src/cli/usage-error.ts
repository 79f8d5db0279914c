/** The command line cannot be understood, or a package that it needs is not installed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;

  /** Neither text quotes a value: it may be a secret in the wrong place. */
  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
