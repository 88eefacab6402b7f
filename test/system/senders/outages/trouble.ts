/** What happens to a service under its senders: it is killed and started again, it hangs, its disk is full. Each goes by itself. */

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findDiskObstacle } from "../../faults/full-disk.ts";
import { fillUp } from "../../fill-disk.ts";
import type { ServiceProcess, World } from "../../service-process.ts";

export const TROUBLES = ["killed", "hanging", "full"] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Room of the data folder: what a service and its records take, and little more. */
const SIZE = "80m";

/** The service under senders, at the same addresses whatever happens to it. */
export class Place {
  readonly world: World;
  readonly #isOnSmallDisk: boolean;
  service: ServiceProcess;
  /** For the ledger `main` alone. */
  readonly key: string;

  private constructor(world: World, service: ServiceProcess, key: string, isOnSmallDisk: boolean) {
    this.world = world;
    this.service = service;
    this.key = key;
    this.#isOnSmallDisk = isOnSmallDisk;
  }

  /** @param troubles what is to happen to it: nothing is mounted for a disk that is not to be full */
  static async start(world: World, troubles: readonly Trouble[]): Promise<Place> {
    const mayBeFull = troubles.includes("full") && findDiskObstacle() === undefined;
    const isOnSmallDisk = mayBeFull && mountAt(world.path("data"));
    const service = await world.start({ env: { HOLDFAST_SYSLOG_TCP: "127.0.0.1:0" } });
    const body = { source: "senders", roles: ["writer"], ledgers: ["main"] };
    const { key } = await service.json<{ key: string }>(201, "POST /v1/keys", body);
    return new Place(world, service, key, isOnSmallDisk);
  }

  /** Why a trouble cannot be made here; undefined when it can. */
  obstacleTo(trouble: Trouble): string | undefined {
    if (trouble !== "full" || this.#isOnSmallDisk) return undefined;
    return findDiskObstacle() ?? "a file system in memory could not be mounted";
  }

  /** Port of the listener for syslog over TCP. */
  get syslogPort(): string {
    const { syslog } = this.service.facts as unknown as { readonly syslog: readonly string[] };
    return syslog[0]?.split(":").at(-1) ?? "";
  }

  async begin(trouble: Trouble): Promise<void> {
    if (trouble === "hanging") process.kill(this.service.pid, "SIGSTOP");
    else if (trouble === "full") fillUp(this.service.data);
    else await this.service.stop("SIGKILL");
  }

  async end(trouble: Trouble): Promise<void> {
    if (trouble === "hanging") process.kill(this.service.pid, "SIGCONT");
    else if (trouble === "full") rmSync(join(this.service.data, "filler"));
    else {
      const env = {
        HOLDFAST_LISTEN: new URL(this.service.url).host,
        HOLDFAST_SYSLOG_TCP: `127.0.0.1:${this.syslogPort}`,
      };
      this.service = await this.world.start({ env });
    }
  }

  /** Before the world ends, whose folder cannot go as long as something is mounted in it. */
  async close(): Promise<void> {
    if (this.service.isRunning) {
      process.kill(this.service.pid, "SIGCONT");
      await this.service.stop("SIGTERM");
    }
    if (this.#isOnSmallDisk) spawnSync("umount", ["-l", this.service.data]);
  }
}

function mountAt(folder: string): boolean {
  mkdirSync(folder);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=700`, "holdfast-senders", folder]);
  return mounted.status === 0;
}
