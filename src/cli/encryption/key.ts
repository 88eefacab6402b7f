/** `holdfast encryption status`, `rotate` and `rewrap`: what the keys of events are wrapped by, going on with a newer version, and wrapping them anew. */

import type { Command } from "commander";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "../remote/service-client.ts";
import { CliError } from "../terminal/failure.ts";
import { printResult, spellTime, table } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";

type Flags = ServiceOptions & { readonly json?: boolean };
type RewrapFlags = Flags & { readonly wait: boolean };

type WrappedBy = { readonly id: string; readonly version: string };
type Status = {
  readonly isOn: boolean;
  readonly wrappedBy?: WrappedBy;
  readonly rotatedAt?: number;
  readonly subjects?: number;
  readonly wraps?: readonly (WrappedBy & { readonly keys: number })[];
};
type Rewrap = {
  readonly state: "none" | "running" | "done" | "failed";
  readonly done?: number;
  readonly total?: number;
  readonly reason?: string;
};

const LOOK_MS = 500;

/** Adds what is done with the key-encryption key of a service that runs. */
export function addKeyCommands(encryption: Command): void {
  const status = encryption
    .command("status")
    .description("Show what keys are wrapped by, and how many by which version.");
  withServiceOptions(status).option("--json", "print the result as JSON").action(showStatus);
  const rotate = encryption
    .command("rotate")
    .description("Go on with a newer version: a file makes one, other places have one made before.");
  withServiceOptions(rotate).option("--json", "print the result as JSON").action(rotateKey);
  const rewrap = encryption
    .command("rewrap")
    .description("Wrap every key anew that is not wrapped by the version in force; exit status 1 when that fails.");
  withServiceOptions(rewrap)
    .option("--no-wait", "begin it, and leave it to the service")
    .option("--json", "print the result as JSON")
    .action(rewrapKeys);
}

async function showStatus(flags: Flags): Promise<void> {
  const status = (await new ServiceClient(flags).ask("/v1/encryption")) as Status;
  printResult({ json: status, text: statusText(status) }, flags.json === true);
}

function statusText({ isOn, wrappedBy, rotatedAt, wraps = [], subjects = 0 }: Status): string[] {
  if (!isOn || wrappedBy === undefined) return ["The store is not encrypted."];
  const isInForce = (each: WrappedBy) => each.id === wrappedBy.id && each.version === wrappedBy.version;
  const rows = wraps.map((each) => [each.id, each.version, `${each.keys}`, isInForce(each) ? "in force" : "former"]);
  const former = wraps.filter((each) => !isInForce(each)).reduce((sum, { keys }) => sum + keys, 0);
  const since = rotatedAt === undefined ? "" : ` since ${spellTime(rotatedAt)}`;
  return [
    `New keys are wrapped by ${wrappedBy.id}, version ${wrappedBy.version}${since}; ${subjects} of the keys are of subjects.`,
    ...table([["KEY", "VERSION", "WRAPS", ""], ...rows]),
    ...(former > 0 ? [`${former} are wrapped by a former version: holdfast encryption rewrap wraps them anew.`] : []),
  ];
}

async function rotateKey(flags: Flags): Promise<void> {
  const answer = await new ServiceClient(flags).ask("/v1/encryption/rotate", { method: "POST" });
  const { wrappedBy, before } = answer as { readonly wrappedBy: WrappedBy; readonly before: WrappedBy };
  const text = [
    `New keys are wrapped by ${wrappedBy.id}, version ${wrappedBy.version}; before it was version ${before.version}.`,
    "holdfast encryption rewrap wraps the others anew.",
  ];
  printResult({ json: answer, text }, flags.json === true);
}

async function rewrapKeys(flags: RewrapFlags): Promise<void> {
  const client = new ServiceClient(flags);
  const begun = (await client.ask("/v1/encryption/rewrap", { method: "POST" })) as Rewrap;
  const rewrap = flags.wait ? await waitFor(client, begun) : begun;
  const { state, done = 0, reason } = rewrap;
  if (state === "failed") {
    const message = `After ${done} keys: ${reason ?? "it failed"}. Begun again it goes on.`;
    throw new CliError(message, { code: "rewrap_failed", exitStatus: 1 });
  }
  const text =
    state === "done" ? `Wrapped ${done} keys anew.` : "Keys are wrapped anew; holdfast encryption status counts them.";
  printResult({ json: rewrap, text: [text] }, flags.json === true);
}

async function waitFor(client: ServiceClient, begun: Rewrap): Promise<Rewrap> {
  const progress = await startProgress("keys");
  try {
    let rewrap = begun;
    while (rewrap.state === "running") {
      progress.show(rewrap.done ?? 0, rewrap.total ?? 0);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      rewrap = (await client.ask("/v1/encryption/rewrap")) as Rewrap;
    }
    return rewrap;
  } finally {
    progress.stop();
  }
}
