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

/** Where the server looks for the partition of a row, and where it looks whether the row fits. */
const ROUTING = new Set<unknown>(['ExecFindPartition', 'ExecPartitionCheckEmitError']);

/**
 * Whether the server had no partition for a row, or lost it to one that was being attached. It calls
 * both a check violation, but it is not the row's fault: the next attempt finds its place.
 */
export function isRoutingFailure(error: unknown): boolean {
  return serverErrorState(error) === '23514' && ROUTING.has(Reflect.get(Object(error), 'routine'));
}

/**
 * SQLSTATEs that are the fault of a row and come again however often it is tried: class 22, data
 * exception; class 23, constraint violation; class 54, program limit exceeded (JSON nested too deep
 * for the server's stack); P0001, `raise exception` in a trigger that checks rows.
 */
const ROW_FAULT = /^(?:22|23|54|P0001$)/;

/** The SQLSTATE when the server refuses a statement for what is in a row; else undefined. */
export function rowFaultState(error: unknown): string | undefined {
  const state = serverErrorState(error);
  if (state === undefined || !ROW_FAULT.test(state) || isRoutingFailure(error)) return undefined;
  return state;
}

/**
 * Whether the connection is of no use although it works: its server takes no writes, since another
 * has become the primary. A new connection may find that one.
 */
export function isReadOnlyServer(error: unknown): boolean {
  return serverErrorState(error) === '25006';
}
