/**
 * The SQLSTATE of an error that the server answered a statement with; undefined for any other, such
 * as a lost connection. After such an error the connection goes on to work.
 */
export function serverErrorState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  // FATAL and PANIC end the connection.
  if (Reflect.get(error, 'severity') !== 'ERROR') return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}
