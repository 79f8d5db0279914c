/** What an error says, or what was thrown in place of one. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : JSON.stringify(error);
  if (error.message !== '') return error.message;
  // A refused connection comes as an AggregateError without a message.
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : error.name;
}
