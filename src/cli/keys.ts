/** `holdfast keys`: API keys of a service, made, listed and ended over its HTTP API by somebody who may administer. */

import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./remote/service-client.ts";
import { CliError, fileReason, usageError } from "./terminal/failure.ts";
import { printResult, spellTime, table } from "./terminal/output.ts";

const DEFAULT_ROLES: readonly string[] = ["writer"];

type KeyFlags = ServiceOptions & { readonly json?: boolean };

type AddFlags = KeyFlags & {
  readonly source: string;
  readonly role: readonly string[];
  readonly ledger?: readonly string[];
  readonly note?: string;
  readonly expires?: string;
  readonly webhookSecret?: boolean;
  readonly webhookSecretFile?: string;
};

type Key = {
  readonly id: string;
  readonly source: string;
  readonly roles: readonly string[];
  readonly ledgers?: readonly string[];
  readonly note?: string;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly lastUsedAt?: number;
  readonly webhookSecretSince?: number;
};

export function addKeys(program: Command): void {
  const keys = program.command("keys").description("Make, list and end API keys.");
  const add = keys.command("add").description("Make a key. It is printed once and never again.");
  withServiceOptions(add)
    .requiredOption("--source <name>", "who sends with it; idempotency keys are told apart by source")
    .addOption(
      new Option("--role <role>", "what it may do; repeatable").argParser(collect).default(DEFAULT_ROLES, "writer"),
    )
    .addOption(new Option("--ledger <name>", "for this ledger only; repeatable").argParser(collect))
    .option("--note <text>", "a reminder of what it is for")
    .option("--expires <time>", "when it ends, such as 2027-01-31T00:00:00Z")
    .option("--webhook-secret", "make a secret that the sender signs with; it is printed once, under the key")
    .option("--webhook-secret-file <file>", "read it, where the sender's side made it; - is standard input")
    .option("--json", "print the result as JSON")
    .action(addKey);
  const list = keys.command("list").description("List keys; the keys themselves are not kept anywhere.");
  withServiceOptions(list).option("--json", "print the result as JSON").action(listKeys);
  const revoke = keys.command("revoke").description("End a key for good.").argument("<id>", "see holdfast keys list");
  withServiceOptions(revoke).option("--json", "print the result as JSON").action(revokeKey);
}

async function addKey(flags: AddFlags): Promise<void> {
  const { source, role: roles, ledger: ledgers, note, expires: expiresAt } = flags;
  const webhookSecret = secretOf(flags);
  const request = JSON.stringify({ source, roles, ledgers, note, expiresAt, webhookSecret });
  const made = (await new ServiceClient(flags).ask("/v1/keys", { method: "POST", body: request })) as Key & {
    readonly key?: unknown;
    readonly webhookSecret?: string;
  };
  if (typeof made?.key !== "string") {
    throw new CliError("Expected a key from the service, got another answer.", {
      code: "answer_invalid",
      exitStatus: 1,
    });
  }
  const text = made.webhookSecret === undefined ? [made.key] : [made.key, made.webhookSecret];
  printResult({ json: made, text }, flags.json === true);
}

/** Never an argument of the command itself: those are shown to whoever lists processes. */
function secretOf({ webhookSecret, webhookSecretFile: file }: AddFlags): string | true | undefined {
  if (file === undefined) return webhookSecret === true ? true : undefined;
  if (webhookSecret === true) throw usageError("Expected --webhook-secret or --webhook-secret-file, got both.");
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8").trim();
  } catch (cause) {
    throw usageError(`The webhook secret cannot be read from ${file}: ${fileReason(cause)}.`);
  }
  if (text === "") throw usageError(`Expected a webhook secret in ${file}, got none.`);
  return text;
}

async function listKeys(flags: KeyFlags): Promise<void> {
  const answer = (await new ServiceClient(flags).ask("/v1/keys")) as { readonly keys: readonly Key[] };
  const head = ["ID", "SOURCE", "ROLES", "LEDGERS", "STATE", "LAST USED", "SIGNS SINCE", "NOTE"];
  const rows = answer.keys.map((key) => [
    key.id,
    key.source,
    key.roles.join(","),
    key.ledgers?.join(",") ?? "all",
    stateOf(key, Date.now()),
    spellTime(key.lastUsedAt),
    spellTime(key.webhookSecretSince),
    key.note ?? "",
  ]);
  printResult({ json: answer, text: table([head, ...rows]) }, flags.json === true);
}

async function revokeKey(id: string, flags: KeyFlags): Promise<void> {
  const path = `/v1/keys/${encodeURIComponent(id)}`;
  const key = (await new ServiceClient(flags).ask(path, { method: "DELETE" })) as Key;
  printResult({ json: key, text: [`Revoked key ${key.id} of ${key.source}.`] }, flags.json === true);
}

function stateOf({ revokedAt, expiresAt }: Key, now: number): string {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && expiresAt <= now ? "expired" : "live";
}

/** The first value given takes the place of the default. */
function collect(value: string, before: readonly string[] | undefined): string[] {
  const isDefault = before === undefined || before === DEFAULT_ROLES;
  return isDefault ? [value] : [...before, value];
}
