/** A service in memory, somebody who meddles with what is said to it, and clients that do not wait long. */

import { type ClientOptions, createClient, type HoldfastClient, type Mode } from "../../src/sdk/client/index.ts";
import { type Options, type Running, startService } from "../http/service.ts";
import { type Meddler, startMeddler } from "./meddler.ts";

type Test = { after(end: () => Promise<void>): void };

export type Scene = {
  readonly service: Running;
  readonly meddler: Meddler;
  readonly key: string;
  /** Makes a client that is closed at the end. */
  client<M extends Mode = "block">(options?: Partial<ClientOptions<M>>): HoldfastClient<M>;
  /** Ids of the events that are recorded, in order. */
  recorded(): Promise<string[]>;
};

/** Pauses are short; how long they are is in pause.test.ts. */
const QUICK = { baseMs: 1, maxMs: 4 };

export async function startScene(t: Test, options: Options = {}): Promise<Scene> {
  const service = await startService(options);
  const clients: HoldfastClient[] = [];
  t.after(async () => {
    for (const client of clients) await client.close({ deadlineMs: 1 });
    await service.close();
  });
  const key = await service.key(["writer", "reader"], "app");
  const meddler = await startMeddler(t, service.url);
  return {
    service,
    meddler,
    key,
    client: (more = {}) => {
      const client = createClient({
        url: meddler.url,
        key,
        retry: QUICK,
        tryMs: 2_000,
        ...more,
      } as ClientOptions<never>);
      clients.push(client);
      return client as never;
    },
    recorded: async () => {
      const reader = createClient({ url: service.url, key });
      const ids: string[] = [];
      for await (const { event } of reader.read.events()) ids.push(String(event.id));
      await reader.close();
      return ids;
    },
  };
}

export function event(id: string, more: object = {}) {
  return { id, action: "doc.read", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "ada" }, ...more };
}

export function events(count: number, prefix = "e") {
  return Array.from({ length: count }, (_, i) => event(`${prefix}-${i}`));
}
