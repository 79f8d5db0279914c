/** Which life of a document the engine has seen last. */
export interface Lives {
  saw(key: string, life: number): void;
  /** Null when it is not known: then only the version is compared. */
  of(key: string): number | null;
}

/** Far more than documents a process has in hand at once. */
const MOST = 20_000;

/**
 * A document that was removed and made anew has the versions of its former self again, so a replica
 * that stood still in between would overwrite the new one with what it made of the old. The table
 * numbers their lives; a session remembers the number from reading to commit.
 */
export function createLives(): Lives {
  const lives = new Map<string, number>();
  return {
    saw(key, life) {
      lives.delete(key);
      lives.set(key, life);
      if (lives.size > MOST) {
        for (const oldest of lives.keys()) {
          lives.delete(oldest);
          break;
        }
      }
    },
    of: (key) => lives.get(key) ?? null,
  };
}
