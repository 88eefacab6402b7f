/** What an installation consists of: this package and all that it depends on, found as Node finds it, counted and weighed. */

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { readJson } from "../../json/read.ts";

export const ROOT = join(import.meta.dirname, "..", "..", "..");
/** Beside what was installed a checkout has what it was built of. */
const PARTS_OF_CHECKOUT = ["dist", join("build", "web")];
/** The program of the embedded chain, which is optional and as large as all the rest. */
const CHAIN = /^@foundry-rs\//;
const MEGABYTE = 1_000_000;

/** How much is installed; the program of the embedded chain by itself, where there is one. */
export type Installation = {
  readonly isCheckout: boolean;
  readonly packages: number;
  readonly bytes: number;
  readonly chainBytes: number | undefined;
};

/** A package on this disk; what lies in its own node_modules is not of it. */
type InstalledPackage = { readonly name: string; readonly folder: string; readonly bytes: number };

type Manifest = {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
};

/** What this program is installed with, looked at now. */
export function lookAtInstallation(): Installation {
  const isCheckout = existsSync(join(ROOT, "src", "cli"));
  const all = installedPackages(ROOT, isCheckout ? PARTS_OF_CHECKOUT : ["."]);
  const rest = all.filter(({ name }) => !CHAIN.test(name));
  const chain = all.find(({ name }) => CHAIN.test(name));
  const bytes = rest.reduce((sum, each) => sum + each.bytes, 0);
  return { isCheckout, packages: rest.length, bytes, chainBytes: chain?.bytes };
}

/** In words: packages and megabytes. */
export function describeInstallation({ packages, bytes, chainBytes }: Installation): string {
  const chain = chainBytes === undefined ? "" : `, and ${megabytes(chainBytes)} of the embedded chain's program`;
  return `${packages} packages, ${megabytes(bytes)}${chain}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

/**
 * The package in a folder, and every package that it needs, each once. Optional ones are there or not.
 * @param own what of the folder itself is of the package: a checkout has more
 */
function installedPackages(folder: string, own: readonly string[]): InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  const take = (at: string, parts: readonly string[]): void => {
    const real = realpathSync(at);
    if (found.has(real)) return;
    const { name = "", dependencies, optionalDependencies } = manifestOf(real);
    const bytes = parts.reduce((sum, part) => sum + weigh(join(real, part)), 0);
    found.set(real, { name, folder: real, bytes });
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = locate(real, needed);
      if (place !== undefined) take(place, ["."]);
    }
  };
  take(folder, own);
  return [...found.values()];
}

function manifestOf(folder: string): Manifest {
  return readJson(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** As Node looks: in the node_modules of the folder, and of each above it. */
function locate(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const place = join(at, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return place;
    if (dirname(at) === at) return undefined;
  }
}

/** Bytes of the files at a place, 0 where nothing is. */
function weigh(place: string): number {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules" && !entry.isSymbolicLink())
    .reduce((sum, entry) => sum + weigh(join(place, entry.name)), 0);
}
