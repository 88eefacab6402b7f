/** Requests as real senders put them on the wire, byte for byte, kept in test/ingest/samples. */

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

export type SampleRequest = {
  readonly method: string;
  readonly path: string;
  /** In their order, with the names as they were sent. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
};

/** Of senders that a connection or a client adds anew. */
const OF_THE_CONNECTION = ["host", "connection", "content-length", "authorization"];

/** A sample by the name of its file, without `.http`. */
export function sampleRequest(name: string): SampleRequest {
  const bytes = readFileSync(join(import.meta.dirname, "samples", `${name}.http`));
  const end = bytes.indexOf("\r\n\r\n") === -1 ? bytes.indexOf("\n\n") : bytes.indexOf("\r\n\r\n");
  const gap = bytes.subarray(end, end + 2).toString() === "\n\n" ? 2 : 4;
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split(/\r?\n/);
  const [method = "", path = ""] = first.split(" ");
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { method, path, headers, body: bytes.subarray(end + gap) };
}

/** Sends a sample to another path, with a key when one is given, and returns what it is answered. */
export function sendSample(
  port: number,
  path: string,
  { method, headers, body }: SampleRequest,
  key?: string,
  scheme: "Bearer" | "Splunk" = "Bearer",
): Promise<{ readonly status: number; readonly text: string; readonly type: string | undefined }> {
  const kept = headers.filter(([name]) => !OF_THE_CONNECTION.includes(name.toLowerCase()));
  const flat = [...kept.flat(), "Host", "holdfast.example", "Content-Length", String(body.length)];
  if (key !== undefined) flat.push("Authorization", `${scheme} ${key}`);
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, path, headers: flat, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: answer.statusCode ?? 0, text, type: answer.headers["content-type"] });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
