/**
 * The bench that cases are tried on: folders, data folders that were filled once and are copied for each case, and the
 * checkout that is tried, which may be one with a promise taken out.
 */

import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, type ServiceProcess, type StartOptions, World } from "../service-process.ts";
import { Findings } from "./verdict.ts";
import { Witness } from "./witness.ts";

/** How the service of a data folder ended. */
export type Filling = {
  readonly ending: "SIGKILL" | "SIGTERM";
  /** With the embedded chain, or with one that does not answer, which starts sooner. */
  readonly chain: "embedded" | "none";
  /** Many are more than a tile of the tree. */
  readonly events?: "many";
};
type Filled = { readonly folder: string; readonly witness: Witness };

/** A case's own data folder, and what clients know of it. */
export type Place = {
  readonly world: World;
  readonly data: string;
  readonly witness: Witness;
  readonly options: StartOptions;
  readonly end: () => Promise<void>;
};

/** Two of them, so that a fault of one is seen from the other. */
export const LEDGERS = ["main", "second"] as const;
const FILL_ROUNDS = 12;
const FEW = 8;
const MANY = 25;
const OWNER = "0x0Fe422368dEa29C64A79200C9eD0B8da4Cdec5E6";

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), "holdfast-faults-"));
  readonly root: string;
  /** What runs the commands of the checkout; a mutant's takes something out. */
  program: readonly string[];
  readonly #filled: Map<string, Promise<Filled>>;
  readonly #places = new Set<Place>();

  /**
   * @param root the checkout whose service is tried
   * @param filledBy whose filled folders are used
   */
  constructor(root = ROOT, filledBy?: Bench) {
    this.root = root;
    this.program = [process.execPath, join(root, "src", "cli", "main.ts")];
    this.#filled = filledBy === undefined ? new Map() : filledBy.#filled;
    writeFileSync(join(this.folder, "signer.key"), "11".repeat(32));
    writeFileSync(join(this.folder, "payer.key"), "22".repeat(32));
  }

  /** A place of its own for a case, filled as asked. */
  async place(filling: Filling): Promise<Place> {
    const { folder, witness } = await this.#fill(filling);
    const empty = this.emptyPlace(filling.chain);
    copyFolder(folder, empty.data);
    return { ...empty, witness: witness.clone() };
  }

  /** The folder that places are copied from. */
  async filled(filling: Filling): Promise<string> {
    return (await this.#fill(filling)).folder;
  }

  emptyPlace(chain: Filling["chain"]): Place {
    const ends: (() => Promise<void>)[] = [];
    const world = new World({ after: (end) => ends.push(end) });
    const options = { root: this.root, program: this.program, config: this.config(chain) };
    const place: Place = {
      world,
      data: world.path("data"),
      witness: new Witness(),
      options,
      end: async () => {
        this.#places.delete(place);
        for (const each of ends.splice(0)) await each();
      },
    };
    this.#places.add(place);
    return place;
  }

  config(chain: Filling["chain"]): object {
    if (chain === "embedded") return { embeddedIntervalS: 0.5 };
    const nowhere = { name: "none", rpc: ["http://127.0.0.1:9"], chainId: 5, pollMs: 60_000 };
    return {
      signer: { file: join(this.folder, "signer.key") },
      owner: { address: OWNER },
      chains: [{ ...nowhere, payer: { file: join(this.folder, "payer.key") } }],
    };
  }

  /** The configuration as a file. */
  configFile(chain: Filling["chain"]): string {
    const path = join(this.folder, `config-${chain}.json`);
    writeFileSync(path, JSON.stringify(this.config(chain)));
    return path;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#places].map(({ end }) => end()));
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true });
  }

  #fill(filling: Filling): Promise<Filled> {
    const key = `${filling.chain}-${filling.ending}-${filling.events ?? "few"}`;
    const known = this.#filled.get(key) ?? this.#fillAnew(filling, join(this.folder, key));
    this.#filled.set(key, known);
    return known;
  }

  /** Runs twice, so that there are sorted files of LevelDB beside its log. */
  async #fillAnew({ chain, ending, events }: Filling, folder: string): Promise<Filled> {
    const { world, data, witness, options, end } = this.emptyPlace(chain);
    const findings = new Findings();
    try {
      for (const signal of ["SIGTERM", ending] as const) {
        const service = await world.start(options);
        if (!witness.acknowledged.has("second")) await service.json(201, "POST /v1/ledgers", { name: "second" });
        await fill(service, witness, findings, events === "many" ? MANY : FEW);
        await service.stop(signal);
      }
      if (findings.outcome !== "survived") throw new Error(`without a fault: ${findings.texts.join("; ")}`);
      copyFolder(data, folder);
    } finally {
      await end();
    }
    return { folder, witness };
  }
}

function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  chmodSync(to, 0o700);
}

async function fill(service: ServiceProcess, witness: Witness, findings: Findings, batch: number): Promise<void> {
  for (let round = 0; round < FILL_ROUNDS; round++) {
    for (const ledger of LEDGERS) {
      const sent = await witness.send(service, ledger, round % 2 === 0 ? 1 : batch, findings);
      if (!sent) throw new Error(`expected ${ledger} to take events without a fault, got none`);
    }
  }
}
