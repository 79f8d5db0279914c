/** Counts the bytes of all bodies that are held at one time, and bounds them. */
export interface ByteBudget {
  /** Held now. */
  readonly heldBytes: number;
  /** For one body, until it is closed. */
  open(): ByteAccount;
}

/** What one request holds. */
export interface ByteAccount {
  /** False, and nothing is taken, when the budget, or this `share` of it, does not have so many left. */
  take(bytes: number, share?: number): boolean;
  /** Gives everything back. */
  close(): void;
}

export function createByteBudget(limitBytes: number): ByteBudget {
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    open() {
      let ownBytes = 0;
      return {
        take(bytes, share = 1) {
          if (heldBytes + bytes > limitBytes * share) return false;
          heldBytes += bytes;
          ownBytes += bytes;
          return true;
        },
        close() {
          heldBytes -= ownBytes;
          ownBytes = 0;
        },
      };
    },
  };
}
