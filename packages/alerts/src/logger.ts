/** Where to write. pino fits as it is. A logger that throws does no harm. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: Logger = { info() {}, warn() {}, error() {} };

/** Calls the user's code for its effect only: what it throws, or rejects with, goes to `failed`. */
export function callSafely(call: () => unknown, failed: (error: unknown) => void = ignore): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function ignore(): void {}

/** The same logger, except that calling it never throws. */
export function safeLogger(logger: Logger): Logger {
  return {
    info: (fields, message) => callSafely(() => logger.info(fields, message)),
    warn: (fields, message) => callSafely(() => logger.warn(fields, message)),
    error: (fields, message) => callSafely(() => logger.error(fields, message)),
  };
}
