/** Memory for prepared entries, cut from larger pieces: an array of its own costs each of them more than one hash. */

const PIECE_BYTES = 64 * 1024;

/** A source of memory that nobody else writes to. A piece is freed when no part of it is used any more. */
export function createMemory(): (length: number) => Uint8Array {
  let piece = new Uint8Array(0);
  let at = 0;
  return (length) => {
    if (length > PIECE_BYTES / 4) return new Uint8Array(length);
    if (at + length > piece.length) {
      piece = new Uint8Array(PIECE_BYTES);
      at = 0;
    }
    at += length;
    return piece.subarray(at - length, at);
  };
}
