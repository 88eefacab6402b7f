/**
 * Prints what the contract costs, here and on the hardfork to come, beside what others cost in the same run.
 * `node bench/gas.ts --write` also writes docs/gas.md and the figures that the tests compare with.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HARDFORKS } from "../test/contracts/chain.ts";
import { EXPONENTS, type Gas, measureGas } from "./gas-measure.ts";

const PAGE = join(import.meta.dirname, "../docs/gas.md");
const FIGURES = join(import.meta.dirname, "../test/contracts/gas.json");
const BEGIN = "<!-- figures: node bench/gas.ts --write -->";
const END = "<!-- end of figures -->";

export type Figures = Readonly<Record<(typeof HARDFORKS)[number], Gas>>;

function cells(values: readonly (string | number)[]): string {
  return `| ${values.map((value) => (typeof value === "number" ? value.toLocaleString("en-US") : value)).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [cells(head), `|---${"|---:".repeat(head.length - 1)}|`, ...rows.map(cells)].join("\n");
}

/** The tables of docs/gas.md. */
export function render(figures: Figures): string {
  const of = (fork: (typeof HARDFORKS)[number], name: string) => {
    const gas = figures[fork][name];
    if (gas === undefined) throw new Error(`expected a figure of "${name}" on ${fork}, got none`);
    return gas;
  };
  const bySize = (names: readonly (readonly [string, (e: number) => string])[]) =>
    names.flatMap(([label, name]) =>
      HARDFORKS.map((fork) => [`${label}, ${fork}`, ...EXPONENTS.map((e) => of(fork, name(e)))]),
    );
  const sizes = EXPONENTS.map((e) => `2^${e}`);
  const single = (names: readonly string[]) =>
    table(
      ["", ...HARDFORKS],
      names.map((name) => [name, ...HARDFORKS.map((fork) => of(fork, name))]),
    );
  return [
    "### A whole `anchor` transaction",
    table(
      ["entries in the ledger", ...sizes],
      bySize([
        ["proof of 1 hash (from 2^e to 2^e+1000)", (e) => `anchor 2^${e} best`],
        ["**proof of 13 hashes** (from 2^e+777 to 2^e+1777)", (e) => `anchor 2^${e} typical`],
        ["mean of random sizes from 2^e to 2^(e+1), growth up to 2000", (e) => `anchor 2^${e} mean`],
        ["longest proof (from 2^e-1 to 2^e+1000)", (e) => `anchor 2^${e} worst`],
      ]),
    ),
    "### Checks, as another contract pays for them (a transaction's own cost and its call data left out)",
    table(
      ["entries in the ledger", ...sizes],
      bySize([
        ["`verifyInclusion`", (e) => `verifyInclusion 2^${e}`],
        ["`verifyEvent`, 6 members of 47 bytes", (e) => `verifyEvent 2^${e}`],
        ["`verifyConsistency`, longest proof", (e) => `verifyConsistency 2^${e}`],
        ["OpenZeppelin's `MerkleProof`, as many hashes", (e) => `MerkleProof of OpenZeppelin 2^${e}`],
      ]),
    ),
    "### Acting on an event: a whole `claim` of `contracts/examples/PayOnEvent.sol`, 2^20 entries",
    table(
      ["", ...HARDFORKS],
      [
        ["event of 2 members", "claim 2^20, 2 members"],
        ["event of 6 members, 4 of them withheld", "claim 2^20, 6 members, 4 withheld"],
        ["event of 6 members, all shown (47 bytes each)", "claim 2^20, 6 members"],
      ].map(([label = "", name = ""]) => [label, ...HARDFORKS.map((fork) => of(fork, name))]),
    ),
    "### Beside others, and everything else",
    single([
      "blind store of a root",
      "timestamp of a digest, as EAS",
      "anchor 2^20 typical",
      "anchor 2^20 typical, contract as signer",
      "anchor 2^20 typical, one of ten in anchorMany",
      "first anchor",
      "open",
      "rotateSigner",
      "transferOwnership",
      "nameSuccessor",
      "proveFork, one size",
      "proveForkAt 2^20",
      "deployment",
    ]),
  ].join("\n\n");
}

/** The tables that a page holds between its marks. */
export function shownIn(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`expected ${BEGIN} and ${END} in docs/gas.md`);
  return page.slice(begin + BEGIN.length, end).trim();
}

if (import.meta.main) {
  const measured: Partial<Record<(typeof HARDFORKS)[number], Gas>> = {};
  for (const hardfork of HARDFORKS) measured[hardfork] = await measureGas(hardfork);
  const figures = measured as Figures;
  console.log(render(figures));
  if (process.argv.includes("--write")) {
    const page = readFileSync(PAGE, "utf8");
    writeFileSync(
      PAGE,
      page.replace(shownIn(page), () => render(figures)),
    );
    writeFileSync(FIGURES, `${JSON.stringify(figures, null, 2)}\n`);
    console.log("\nwrote docs/gas.md and test/contracts/gas.json");
  }
}
