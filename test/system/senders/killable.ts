/** The real service under senders, killed and started again at its address, and everything that came in then. */

import type { TestContext } from "node:test";
import { type ServiceProcess, World, waitFor } from "../service-process.ts";

/** An event as it is found again. */
export type Found = Readonly<Record<string, unknown>> & { readonly message?: string; readonly _raw: string };
type Page = { readonly events: readonly { readonly event: Found }[]; readonly next: string | null } & Readonly<
  Record<"size" | "searchableSize", number>
>;

/** Everything that came in in a format, in its order. */
export async function everything(service: ServiceProcess, format: string): Promise<Found[]> {
  await waitFor("the index to be complete", async () => {
    const { size, searchableSize } = await service.json<Page>(200, "GET /v1/ledgers/main/events?limit=1");
    return size === searchableSize;
  });
  const found: Found[] = [];
  for (let after = ""; ; ) {
    const page = await service.json<Page>(200, `GET /v1/ledgers/main/events?format=${format}&limit=1000${after}`);
    found.push(...page.events.map(({ event }) => event));
    if (page.next === null) return found;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/** A service that can be killed and started again at its address. */
export class Killable {
  readonly #world: World;
  service: ServiceProcess;
  readonly token: string;

  private constructor(world: World, service: ServiceProcess, token: string) {
    this.#world = world;
    this.service = service;
    this.token = token;
  }

  static async start(t: TestContext): Promise<Killable> {
    const world = new World(t);
    const service = await world.start();
    const body = { source: "senders", roles: ["writer"], ledgers: ["main"] };
    const { key } = await service.json<{ key: string }>(201, "POST /v1/keys", body);
    return new Killable(world, service, key);
  }

  get url(): string {
    return this.service.url;
  }

  async killAndStart(): Promise<void> {
    const { host } = new URL(this.url);
    process.kill(this.service.pid, "SIGKILL");
    await this.service.ended;
    this.service = await this.#world.start({ env: { HOLDFAST_LISTEN: host } });
  }

  async size(): Promise<number> {
    return (await this.service.json<{ size: number }>(200, "GET /v1/ledgers/main")).size;
  }
}
