/** What a bucket holds under names, in all versions: whoever may write can hide one behind another, or behind a mark of its deletion. */

import type { BucketClient } from "./bucket-client.ts";
import { tagOf, tagsOf } from "./xml.ts";

export type ObjectVersion = {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly keptAt: number;
  readonly versionId: string;
  /** MD5 of what came in one piece, in hex; of what came in parts something else, with a dash in it. */
  readonly tag: string;
};

/** Versions of names that begin so, the newest of each name first; marks of deletions are none. @throws BucketError */
export async function* listVersions(client: BucketClient, begin: string): AsyncGenerator<ObjectVersion, void, void> {
  const { prefix } = client;
  let marker: Record<string, string> = {};
  for (;;) {
    const { text } = await client.askBucket({ versions: "", prefix: `${prefix}${begin}`, ...marker });
    for (const item of tagsOf(text, "Version")) {
      const key = tagOf(item, "Key") ?? "";
      if (!key.startsWith(prefix)) continue;
      yield {
        name: key.slice(prefix.length),
        bytes: Number(tagOf(item, "Size")),
        keptAt: Date.parse(tagOf(item, "LastModified") ?? ""),
        versionId: tagOf(item, "VersionId") ?? "null",
        tag: (tagOf(item, "ETag") ?? "").replaceAll('"', ""),
      };
    }
    const keyMarker = tagOf(text, "NextKeyMarker");
    if (tagOf(text, "IsTruncated") !== "true" || keyMarker === undefined) return;
    marker = { "key-marker": keyMarker, "version-id-marker": tagOf(text, "NextVersionIdMarker") ?? "" };
  }
}
