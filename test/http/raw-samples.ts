/** Requests of real senders as they were on the wire (test/ingest/samples), sent byte for byte but for path and key. */

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "..", "ingest", "samples");
/** Stands for the key in the samples. */
const KEY = "Bearer TOKEN";

export type RawAnswer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

/** Sends a sample to a path with a key, on a connection of its own. */
export function sendRaw(port: number, name: string, path: string, key: string): Promise<RawAnswer> {
  const bytes = readFileSync(join(FOLDER, `${name}.http`));
  const headEnd = bytes.indexOf("\r\n\r\n");
  const head = bytes.subarray(0, headEnd).toString("latin1");
  const ours = head.replace(/^(\w+) \S+/, `$1 ${path}`).replace(KEY, `Bearer ${key}`);
  return exchange(port, Buffer.concat([Buffer.from(ours, "latin1"), bytes.subarray(headEnd)]));
}

/** Sends bytes, and reads one answer. */
export function exchange(port: number, bytes: Uint8Array): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let got = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      const answer = readAnswer(got);
      if (answer === undefined) return;
      resolve(answer);
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`expected an answer, got ${JSON.stringify(got.toString("latin1"))}`)));
  });
}

function readAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = bytes.subarray(end + 4);
  const length = Number(headers.get("content-length") ?? 0);
  return body.length < length ? undefined : { status: Number(first.split(" ")[1]), headers, body };
}
