/** The command line, or a file that it names, cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to write instead. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
