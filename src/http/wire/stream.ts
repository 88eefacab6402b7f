/**
 * Answers that are made while they are sent: a piece is asked for when the client has taken the one before, so that a
 * client that does not read costs one piece of memory, and is cut like any other that stands still. They are not
 * compressed: a compressor would hold back what shall be seen at once.
 * Why: docs/decisions/0177.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { connectionOf } from "./connections.ts";

/** What whoever makes an answer piece by piece has to know of the one who takes it. */
export type StreamLife = {
  /** Aborted when the client has gone, or was cut. */
  readonly gone: AbortSignal;
  /**
   * Aborted when it has ended its side of the connection. Whoever waits for an answer that has an end may do so; whether it has
   * gone is only seen when something is sent to it.
   */
  readonly ended: AbortSignal;
  /** Aborted when the server stops: what can be gone on with later should end now. */
  readonly stopping: AbortSignal;
};

/** Makes the pieces; what it throws ends the answer in the middle, which its client sees. */
export type StreamBody = (life: StreamLife) => AsyncIterator<string | Uint8Array>;

/**
 * Sends an answer piece by piece, and resolves when it has ended.
 * @param begin writes the head, and is called once there is a first piece; what fails before that can still be answered
 * @throws whatever making a piece throws
 */
export async function sendStream(
  req: IncomingMessage,
  res: ServerResponse,
  body: StreamBody,
  begin: () => void,
): Promise<void> {
  const connection = connectionOf(req.socket);
  const gone = new AbortController();
  res.once("close", () => gone.abort());
  if (res.destroyed || req.socket.destroyed) gone.abort();
  const never = new AbortController().signal;
  const { stopping, ended } = connection ?? { stopping: never, ended: never };
  const pieces = body({ gone: gone.signal, ended, stopping });
  try {
    let piece = await pieces.next();
    connection?.beginStream();
    begin();
    while (piece.done !== true && !gone.signal.aborted) {
      await write(res, piece.value, (bytes) => connection?.hold(bytes));
      piece = await pieces.next();
    }
    res.end();
  } finally {
    await pieces.return?.();
  }
}

/** Writes a piece, and resolves when the kernel has taken it, or the client has gone. */
function write(res: ServerResponse, piece: string | Uint8Array, hold: (bytes: number) => void): Promise<void> {
  const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
  if (bytes.length === 0) return Promise.resolve();
  hold(bytes.length);
  return new Promise((resolve) => {
    const done = (): void => {
      res.off("close", done);
      hold(-bytes.length);
      resolve();
    };
    res.once("close", done);
    res.write(bytes, done);
  });
}
