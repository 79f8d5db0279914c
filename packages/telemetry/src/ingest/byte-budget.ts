/** Counts the bytes of all bodies whose content is held at one time, and bounds them. */
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
  /** Keeps what is taken until `work` is settled, however early the account is closed. */
  holdFor(work: Promise<unknown>): void;
  /** Gives everything back that nothing else holds. Call it once. */
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
      let holders = 1;
      const release = (): void => {
        holders -= 1;
        if (holders === 0) heldBytes -= ownBytes;
      };
      return {
        take(bytes, share = 1) {
          if (heldBytes + bytes > limitBytes * share) return false;
          heldBytes += bytes;
          ownBytes += bytes;
          return true;
        },
        holdFor(work) {
          holders += 1;
          work.then(release, release);
        },
        close: release,
      };
    },
  };
}
