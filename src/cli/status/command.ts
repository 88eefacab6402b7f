/** `holdfast status`: whether a service does its work, and how far its ledgers have come. Exit status 1 when it does not. */

import type { Command } from "commander";
import { type Explorer, type OwnExplorers, readExplorer } from "../../verify/evm/explorers.ts";
import { type LedgerStatus, ledgerTable } from "../ledgers.ts";
import { refusal, ServiceClient, type ServiceOptions, withServiceOptions } from "../remote/service-client.ts";
import type { SetExit } from "../terminal/failure.ts";
import { printResult } from "../terminal/output.ts";
import { anchoringLines, type ChainAnchoring } from "./anchoring-text.ts";

type StatusFlags = ServiceOptions & { readonly json?: boolean };

type Told = { readonly code: string; readonly detail: string };
type Readiness = {
  readonly ready: boolean;
  readonly reasons: readonly Told[];
  /** What somebody has to look at although the service is ready; services before this one say nothing of it. */
  readonly notices?: readonly Told[];
};

export function addStatus(program: Command, setExit: SetExit): void {
  const command = program
    .command("status")
    .description("Show whether a service is ready, and how far its ledgers are.");
  withServiceOptions(command)
    .option("--json", "print the result as JSON")
    .action(async (flags: StatusFlags) => setExit(await showStatus(flags)));
}

async function showStatus(flags: StatusFlags): Promise<number> {
  const client = new ServiceClient(flags);
  const readiness = await askReadiness(client);
  const answer = await client.send("/v1/ledgers");
  if (answer.status >= 300 && answer.status !== 401) throw refusal(answer);
  // Without a key a person still sees whether the service is ready; names of ledgers are for holders of keys.
  const ledgers =
    answer.status < 300 ? (answer.body as { readonly ledgers: readonly LedgerStatus[] }).ledgers : undefined;
  const anchoring = await askAnchoring(client);
  const { ready, reasons, notices = [] } = readiness;
  const lines = ready
    ? [`${client.url} is ready.`]
    : [`${client.url} is NOT ready:`, ...reasons.map((r) => `  ${r.detail}`)];
  const here = anchoring.length > 0 ? "see below" : "give a key for all ledgers to see which";
  if (notices.length > 0) lines.push("Somebody has to look:", ...notices.map((n) => `  ${detailHere(n, here)}`));
  const table = ledgers === undefined ? ["Give a key to see the ledgers."] : ledgerTable(ledgers);
  const json = {
    url: client.url,
    ready,
    reasons,
    notices,
    ...(ledgers !== undefined && { ledgers }),
    chains: anchoring,
  };
  printResult(
    { json, text: [...lines, ...table, ...anchoringLines(anchoring, explorersOf(ledgers ?? []))] },
    flags.json === true,
  );
  return ready ? 0 : 1;
}

/** Whoever reads this has asked it already. */
function detailHere({ detail }: Told, here: string): string {
  return detail.replace('"holdfast status" says more', here);
}

/** The explorers that the service names, as far as they are any. */
function explorersOf(ledgers: readonly LedgerStatus[]): OwnExplorers {
  const found: Record<number, Explorer> = {};
  for (const { chainId, explorer } of ledgers.flatMap(({ chains }) => chains ?? [])) {
    const read = explorer && readExplorer(`${explorer.form}+${explorer.url}`);
    if (read !== undefined) found[chainId] = read;
  }
  return found;
}

/** How anchoring does; nothing when the key may not see it, or there is none. */
async function askAnchoring(client: ServiceClient): Promise<readonly ChainAnchoring[]> {
  const { status, body } = await client.send("/v1/status");
  return status < 300 ? ((body as { readonly chains?: readonly ChainAnchoring[] }).chains ?? []) : [];
}

async function askReadiness(client: ServiceClient): Promise<Readiness> {
  const answer = await client.send("/readyz");
  const readiness = (answer.body ?? {}) as Partial<Readiness>;
  if (typeof readiness.ready !== "boolean" || !Array.isArray(readiness.reasons)) throw refusal(answer);
  return readiness as Readiness;
}
