/** A listener's errors must not leave a migration half-way: what it throws, or rejects with, is dropped. */
export function safely<Event>(
  onEvent: ((event: Event) => unknown) | undefined,
): (event: Event) => void {
  return (event) => {
    try {
      const result: unknown = onEvent?.(event);
      if (result instanceof Promise) result.catch(() => {});
    } catch {
      // Said in the option's description.
    }
  };
}
