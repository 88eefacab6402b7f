/** Data folders that were filled once and are copied for each case, and what those who filled them were told. */

import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { World, waitFor } from "../service-process.ts";
import { earlyEvent, type Receipt, Senders } from "./senders.ts";

/** `final` is encrypted, and its events are final on the embedded chain; `recorded` has not waited for that; `clear` is in clear. */
export type Kind = "final" | "recorded" | "clear";

export type Ground = { readonly folder: string; readonly acknowledged: ReadonlyMap<string, Receipt> };

/** More than are pruned in one batch, and subjects for several batches of keys. */
const EARLY_EVENTS = 300;
/** With their claims more than are encrypted in one batch. */
const CLEAR_EVENTS = 600;
const AT_ONCE = 100;

/** What a service is told besides that makes a store in clear. */
export const IN_CLEAR = { HOLDFAST_ENCRYPTION: "off" };

export const CONFIG = { embeddedIntervalS: 0.3, retention: { delayS: 0, intervalS: 1 } };

export class Grounds {
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-kills-"));
  readonly #made = new Map<Kind, Promise<Ground>>();

  get(kind: Kind): Promise<Ground> {
    const known = this.#made.get(kind) ?? this.#make(kind);
    this.#made.set(kind, known);
    return known;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #make(kind: Kind): Promise<Ground> {
    const ends: (() => Promise<void>)[] = [];
    const world = new World({ after: (end) => ends.push(end) });
    const senders = new Senders();
    try {
      const service = await world.start(kind === "clear" ? { config: CONFIG, env: IN_CLEAR } : { config: CONFIG });
      const count = kind === "clear" ? CLEAR_EVENTS : EARLY_EVENTS;
      for (let from = 0; from < count; from += AT_ONCE)
        await senders.send(
          service,
          Array.from({ length: AT_ONCE }, (_, i) => earlyEvent(from + i)),
        );
      await waitFor("all events to be final", async () => {
        if (kind === "recorded") return true;
        const { size, finalSize } = await service.json<{ size: number; finalSize: number }>(
          200,
          "GET /v1/ledgers/main",
        );
        return finalSize === size;
      });
      await service.stop("SIGTERM");
      copyFolder(service.data, join(this.#folder, kind));
    } finally {
      for (const end of ends) await end();
    }
    return { folder: join(this.#folder, kind), acknowledged: senders.acknowledged };
  }
}

export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  chmodSync(to, 0o700);
}
