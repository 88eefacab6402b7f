/**
 * A file of this disk becomes an object: in one request, or in parts when it is larger, and then what was broken off is gone on
 * with: parts that the store has and that are what the file has are not sent again.
 */

import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { type BucketClient, BucketError } from "./bucket-client.ts";
import { tagOf, tagsOf } from "./xml.ts";

/** Larger files go in parts. */
export const PART_BYTES = 8 * 1024 * 1024;
/** Stores take no more parts of one object. */
const PARTS_MAX = 10_000;

/** A file of this disk. */
export type UploadedFile = { readonly path: string; readonly bytes: number };

export type Upload = {
  readonly client: BucketClient;
  readonly name: string;
  readonly file: UploadedFile;
  /** Of the object: what it is, and its lock. */
  readonly headers: Readonly<Record<string, string>>;
  readonly partBytes: number;
  /** Whether something may be there, which it is put over. */
  readonly mayReplace?: boolean;
  /** Of one that was begun before. */
  readonly uploadId?: string;
  /** Is told the id before anything is sent under it. */
  readonly onBegin: (uploadId: string) => Promise<void>;
};

/** Sends a file. @throws BucketError: what was sent so far is there to go on with */
export async function upload(task: Upload): Promise<void> {
  const { client, name, file, headers, partBytes } = task;
  if (file.bytes <= partBytes) {
    await client.ask("PUT", name, {
      body: await readPart(file, 0, file.bytes),
      headers: task.mayReplace === true ? headers : { ...headers, "if-none-match": "*" },
    });
    return;
  }
  const size = Math.max(partBytes, Math.ceil(file.bytes / PARTS_MAX));
  const uploadId = (await knownUpload(task)) ?? (await begin(task));
  const there = await partsOf(client, name, uploadId);
  const tags: string[] = [];
  for (let at = 0, number = 1; at < file.bytes; at += size, number++) {
    const body = await readPart(file, at, Math.min(size, file.bytes - at));
    const md5 = createHash("md5").update(body).digest("hex");
    if (there.get(number) !== md5) {
      await client.ask("PUT", name, { query: { partNumber: String(number), uploadId }, body });
    }
    tags.push(`<Part><PartNumber>${number}</PartNumber><ETag>"${md5}"</ETag></Part>`);
  }
  await complete(client, name, uploadId, tags);
}

async function begin({ client, name, headers, onBegin }: Upload): Promise<string> {
  const { text } = await client.ask("POST", name, { query: { uploads: "" }, headers });
  const uploadId = tagOf(text, "UploadId");
  if (uploadId === undefined)
    throw new BucketError(`expected the id of an upload of ${name}, got none`, { status: 500, reason: "no id" });
  await onBegin(uploadId);
  return uploadId;
}

/** The upload that was begun before, while the store knows of it. */
async function knownUpload({ client, name, uploadId }: Upload): Promise<string | undefined> {
  if (uploadId === undefined) return undefined;
  try {
    await client.ask("GET", name, { query: { uploadId, "max-parts": "1" } });
    return uploadId;
  } catch (error) {
    if (error instanceof BucketError && error.status === 404) return undefined;
    throw error;
  }
}

/** MD5 of each part that is there, by its number. */
async function partsOf(client: BucketClient, name: string, uploadId: string): Promise<ReadonlyMap<number, string>> {
  const parts = new Map<number, string>();
  for (let marker = "0"; ; ) {
    const { text } = await client.ask("GET", name, { query: { uploadId, "part-number-marker": marker } });
    for (const part of tagsOf(text, "Part")) {
      parts.set(Number(tagOf(part, "PartNumber")), (tagOf(part, "ETag") ?? "").replaceAll('"', ""));
    }
    const next = tagOf(text, "NextPartNumberMarker");
    if (tagOf(text, "IsTruncated") !== "true" || next === undefined || next === marker) return parts;
    marker = next;
  }
}

/** An answer of 200 may be an error all the same: the store answers before it has put the parts together. */
async function complete(client: BucketClient, name: string, uploadId: string, tags: readonly string[]): Promise<void> {
  const body = Buffer.from(`<CompleteMultipartUpload>${tags.join("")}</CompleteMultipartUpload>`);
  try {
    const { text } = await client.ask("POST", name, {
      query: { uploadId },
      body,
      headers: { "content-type": "application/xml" },
    });
    const reason = text.includes("<Error>") ? tagOf(text, "Code") : undefined;
    if (reason !== undefined)
      throw new BucketError(`expected the parts of ${name} to become one, got ${reason}`, { status: 500, reason });
  } catch (error) {
    // The answer to a first attempt was lost, and it was done: the object is looked at by whoever asked for it.
    if (error instanceof BucketError && error.status === 404 && (await isThere(client, name))) return;
    throw error;
  }
}

async function isThere(client: BucketClient, name: string): Promise<boolean> {
  try {
    await client.ask("HEAD", name);
    return true;
  } catch {
    return false;
  }
}

async function readPart({ path }: UploadedFile, at: number, length: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await file.read(bytes, read, length - read, at + read);
      if (bytesRead === 0) throw new RangeError(`expected ${length} bytes of ${path} at ${at}, got ${read}`);
      read += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
