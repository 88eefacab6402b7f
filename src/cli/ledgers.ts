/** `holdfast ledgers`: the ledgers of a service, listed and made over its HTTP API. */

import type { Command } from "commander";
import { LEDGER_DEFAULT } from "../net/service-defaults.ts";
import type { Explorer } from "../verify/evm/explorers.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./remote/service-client.ts";
import { printResult, table } from "./terminal/output.ts";

type LedgerFlags = ServiceOptions & { readonly label?: string; readonly json?: boolean };

/** What a service says of a ledger. */
export type LedgerStatus = {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly signer: string;
  readonly size: number;
  readonly anchoredSize: number;
  readonly finalSize: number;
  readonly readOnly?: true;
  /** Services before this one say nothing of explorers. */
  readonly chains?: readonly { readonly chainId: number; readonly explorer?: Explorer }[];
};

export function addLedgers(program: Command): void {
  const ledgers = program.command("ledgers").description("List and make ledgers.");
  const list = ledgers.command("list").description("List the ledgers that your key is for.");
  withServiceOptions(list).option("--json", "print the result as JSON").action(listLedgers);
  const create = ledgers.command("create").description("Make a ledger.").argument("<name>", "a-z, 0-9, '.', '_', '-'");
  withServiceOptions(create)
    .option("--label <label>", '"random" for a name that nobody shall guess, or 32 bytes of hex')
    .option("--json", "print the result as JSON")
    .action(createLedger);
  const signer = ledgers
    .command("signer")
    .description("Print who signs for a ledger, as the service says; for those who verify its proofs.")
    .argument("[name]", "the ledger", LEDGER_DEFAULT);
  withServiceOptions(signer).option("--json", "print the result as JSON").action(printSigner);
}

/** Ledgers as a table. */
export function ledgerTable(ledgers: readonly LedgerStatus[]): string[] {
  const head = ["LEDGER", "RECORDED", "ANCHORED", "FINAL", "ID"];
  const rows = ledgers.map((l) => [
    l.name,
    `${l.size}`,
    `${l.anchoredSize}`,
    `${l.finalSize}`,
    `${l.id}${l.readOnly === true ? "  read-only" : ""}`,
  ]);
  return table([head, ...rows]);
}

async function listLedgers(flags: LedgerFlags): Promise<void> {
  const answer = (await new ServiceClient(flags).ask("/v1/ledgers")) as { readonly ledgers: readonly LedgerStatus[] };
  printResult({ json: answer, text: ledgerTable(answer.ledgers) }, flags.json === true);
}

async function printSigner(name: string, flags: LedgerFlags): Promise<void> {
  const ledger = await new ServiceClient(flags).ask(`/v1/ledgers/${encodeURIComponent(name)}`);
  const { id, signer } = ledger as LedgerStatus;
  printResult({ json: { ledger: name, id, signer }, text: [signer] }, flags.json === true);
}

async function createLedger(name: string, flags: LedgerFlags): Promise<void> {
  const body = JSON.stringify({ name, label: flags.label });
  const ledger = (await new ServiceClient(flags).ask("/v1/ledgers", { method: "POST", body })) as LedgerStatus;
  const text = [`Made ledger ${ledger.name}, id ${ledger.id}, owner ${ledger.owner}, signer ${ledger.signer}.`];
  printResult({ json: ledger, text }, flags.json === true);
}
