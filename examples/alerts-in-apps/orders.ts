/** What the servers here serve: one order is there, one is not, and one breaks everything. */
export async function findOrder(id: string): Promise<{ readonly id: string }> {
  if (id === '1') return { id };
  if (id === '2') throw new NoOrderError(id);
  throw new Error(`Order ${id}: connect ECONNREFUSED 10.0.0.1:5432`);
}

/** The client asked for what is not there. */
class NoOrderError extends Error {
  override readonly name = 'NoOrderError';
  /** Frameworks answer with it. */
  readonly statusCode = 404;

  constructor(id: string) {
    super(`There is no order ${id}`);
  }
}
