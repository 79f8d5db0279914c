import type { ArchivePiece } from './piece.ts';

/** A place for archived rows of one's own: an object store, a queue that keeps. */
export interface ArchiveSink {
  /** Tells it from others: shown in the plan, and part of the policy's hash. No secret. */
  readonly name: string;
  /**
   * Stores a piece and says where, as {@link ArchiveSink.read} will be asked for it. Resolves only
   * when the piece would survive a crash of everything. The rows are deleted after that, and are
   * locked until then.
   *
   * What it throws, and what takes longer than the timeout, rolls the batch back and fails the
   * policy. The piece may then be there all the same, and counts for nothing; the same rows come
   * again later under another name.
   */
  write(piece: ArchivePiece, options: { readonly signal: AbortSignal }): Promise<string>;
  /** The bytes of a piece, exactly. Without it nothing can be restored from here. */
  read?(uri: string, options: { readonly signal: AbortSignal }): Promise<Uint8Array>;
  /** Removes a piece whose batch was rolled back. What it throws is ignored: the piece is garbage, not an error. */
  discard?(uri: string): Promise<void>;
  /** What keeps it from taking rows now, in words; asked by `plan()`, and changes nothing. */
  check?(): Promise<readonly string[]>;
}

/** Keeps the pieces of the batches of one step on one leaf. */
export interface PieceStore {
  /** For messages. */
  readonly place: string;
  /** Stores the pieces of one batch, and says where each is once all of them would survive a crash. */
  store(
    pieces: readonly ArchivePiece[],
    signal: AbortSignal,
  ): Promise<readonly { readonly uri: string; readonly byteOffset: number }[]>;
  /** What became of the batch of the last `store`, or of one that stored nothing. */
  settle(fate: 'committed' | 'rolled-back' | 'unknown'): Promise<void>;
  close(): Promise<void>;
}

/** One object a piece. */
export function createSinkStore(sink: ArchiveSink): PieceStore {
  let uris: string[] = [];
  return {
    place: sink.name,
    async store(pieces, signal) {
      uris = [];
      for (const piece of pieces) {
        signal.throwIfAborted();
        const uri: unknown = await sink.write(piece, { signal });
        if (typeof uri !== 'string' || uri === '') {
          throw new TypeError(
            `write() must resolve with a text that says where, got ${typeof uri}`,
          );
        }
        uris.push(uri);
      }
      return uris.map((uri) => ({ uri, byteOffset: 0 }));
    },
    async settle(fate) {
      const written = uris;
      uris = [];
      if (fate === 'rolled-back') {
        await Promise.allSettled(written.map(async (uri) => sink.discard?.(uri)));
      }
    },
    close: () => Promise.resolve(),
  };
}
