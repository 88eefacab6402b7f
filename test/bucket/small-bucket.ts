/**
 * A bucket in memory, with versions and locks, for what does not need a real store: it looks at digests as one does, and says which objects it
 * has. What it proves nothing about is whether real stores do the same; for that is test/bucket/gateway.ts.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

type Version = {
  readonly id: string;
  readonly isMarker: boolean;
  keptAt: number;
  bytes: Buffer;
  mode?: string | undefined;
  until?: string | undefined;
};

export class SmallBucket {
  url = "";
  /** Versions of each object, the oldest first. */
  readonly objects = new Map<string, Version[]>();
  /** What was asked, as `METHOD name`. */
  readonly seen: string[] = [];
  /** What happens instead of an answer; false where nothing does. */
  fault: (asked: string, res: ServerResponse) => boolean = () => false;
  #versions = 0;

  names(begin = ""): string[] {
    return [...this.objects].flatMap(([name, versions]) =>
      name.startsWith(begin) && versions.length > 0 ? [name] : [],
    );
  }

  async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(req.url ?? "", this.url);
    const [, , ...rest] = decodeURIComponent(pathname).split("/");
    const name = rest.join("/");
    const pieces: Buffer[] = [];
    for await (const piece of req) pieces.push(piece as Buffer);
    const asked = `${req.method} ${name}`;
    this.seen.push(asked);
    if (this.fault(asked, res)) return;
    if (name === "") {
      this.#list(res, query.get("prefix") ?? "");
      return;
    }
    if (req.method === "PUT") {
      this.#put(req, res, { name, query, body: Buffer.concat(pieces) });
      return;
    }
    const versions = this.objects.get(name) ?? [];
    const id = query.get("versionId");
    const found = id === null ? versions.at(-1) : versions.find((version) => version.id === id);
    if (req.method === "DELETE") {
      this.#remove(res, name, found, id);
      return;
    }
    if (found === undefined || found.isMarker) {
      end(res, 404, "<Error><Code>NoSuchKey</Code></Error>");
      return;
    }
    end(res, 200, req.method === "HEAD" ? "" : found.bytes, headersOf(found));
  }

  #put(req: IncomingMessage, res: ServerResponse, put: { name: string; query: URLSearchParams; body: Buffer }): void {
    const { name, query, body } = put;
    const digest = createHash("sha256").update(body).digest("hex");
    if (req.headers["x-amz-content-sha256"] !== digest) {
      end(res, 400, "<Error><Code>XAmzContentSHA256Mismatch</Code></Error>");
      return;
    }
    const versions = this.objects.get(name) ?? [];
    if (query.has("retention")) {
      const locked = versions.find(({ id }) => id === query.get("versionId"));
      const [, mode, until] = /<Mode>(.*)<\/Mode><RetainUntilDate>(.*)<\/Retain/.exec(body.toString()) ?? [];
      if (locked !== undefined) Object.assign(locked, { mode, until });
      end(res, locked === undefined ? 404 : 200, "");
      return;
    }
    const id = `v${++this.#versions}`;
    const mode = req.headers["x-amz-object-lock-mode"] as string | undefined;
    const until = req.headers["x-amz-object-lock-retain-until-date"] as string | undefined;
    this.objects.set(name, [...versions, { id, isMarker: false, keptAt: Date.now(), bytes: body, mode, until }]);
    end(res, 200, "", { "x-amz-version-id": id });
  }

  #remove(res: ServerResponse, name: string, found: Version | undefined, id: string | null): void {
    const versions = this.objects.get(name) ?? [];
    if (id === null) {
      const marker = { id: `v${++this.#versions}`, isMarker: true, keptAt: Date.now(), bytes: Buffer.alloc(0) };
      this.objects.set(name, [...versions, marker]);
    } else if (found?.until !== undefined && Date.parse(found.until) > Date.now()) {
      end(res, 403, "<Error><Code>AccessDenied</Code></Error>");
      return;
    } else
      this.objects.set(
        name,
        versions.filter((version) => version !== found),
      );
    end(res, 204, "");
  }

  #list(res: ServerResponse, prefix: string): void {
    const items = [...this.objects]
      .filter(([name]) => name.startsWith(prefix))
      .flatMap(([name, versions]) =>
        versions.toReversed().map(({ id, isMarker, bytes, keptAt }) => {
          const md5 = createHash("md5").update(bytes).digest("hex");
          const inside = `<Key>${name}</Key><VersionId>${id}</VersionId><LastModified>${new Date(keptAt).toISOString()}</LastModified><ETag>&quot;${md5}&quot;</ETag><Size>${bytes.length}</Size>`;
          return isMarker ? `<DeleteMarker>${inside}</DeleteMarker>` : `<Version>${inside}</Version>`;
        }),
      );
    end(res, 200, `<ListVersionsResult><IsTruncated>false</IsTruncated>${items.join("")}</ListVersionsResult>`);
  }
}

function headersOf({ id, mode, until }: Version): Record<string, string> {
  return {
    "x-amz-version-id": id,
    ...(mode !== undefined && { "x-amz-object-lock-mode": mode }),
    ...(until !== undefined && { "x-amz-object-lock-retain-until-date": until }),
  };
}

function end(res: ServerResponse, status: number, body: string | Buffer, headers: Record<string, string> = {}): void {
  res.writeHead(status, headers).end(body);
}

export async function startSmallBucket(t: TestContext): Promise<SmallBucket> {
  const bucket = new SmallBucket();
  const server = createServer((req, res) => void bucket.answer(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  bucket.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return bucket;
}
