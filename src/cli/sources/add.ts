/** `holdfast sources add`: the key of a new source, and what to paste into its sender. */

import { SENDERS, senderNamed } from "../../senders/known-senders.ts";
import { fillIn, fillingOf, type Sender } from "../../senders/sender.ts";
import { withPages } from "../about/pages.ts";
import { ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { printResult } from "../terminal/output.ts";

type AddFlags = ServiceOptions & {
  readonly ledger: string;
  readonly source?: string;
  readonly note?: string;
  readonly expires?: string;
  readonly publicUrl?: string;
  readonly anotherKey?: boolean;
  readonly json?: boolean;
};

export async function addSource(id: string, flags: AddFlags): Promise<void> {
  const sender = senderNamed(id);
  if (sender === undefined) {
    const known = SENDERS.map((each) => each.id).join(", ");
    throw usageError(`Expected one of ${known} as the sender, got ${JSON.stringify(id)}.`);
  }
  const client = new ServiceClient(flags);
  const url = flags.publicUrl ?? client.url;
  if (!/^https?:\/\/[^/]/.test(url)) throw usageError(`Expected an http or https URL for --public-url, got ${url}.`);
  const made = sender.key === "network" ? undefined : await makeKey(client, sender, flags);
  const filling = fillingOf(url, {
    key: made?.key ?? "",
    ledger: flags.ledger,
    source: flags.source ?? sender.id,
    secret: made?.webhookSecret,
  });
  const paste = sender.snippets.map(({ where, text }) => ({ where, text: fillIn(text, filling) }));
  const notes = sender.notes.map((note) => fillIn(note, filling));
  const page = `docs/sources/${sender.page}.md`;
  const text = [
    ...(made === undefined ? [] : [made.key]),
    ...paste.flatMap((each) => ["", `${each.where}:`, "", ...each.text.split("\n").map((line) => `    ${line}`)]),
    "",
    ...notes,
    `More about it: ${withPages(page)}. Whether it arrives: holdfast sources list --ledger ${flags.ledger}`,
  ];
  printResult({ json: { sender: sender.id, ...made, paste, notes, page }, text }, flags.json === true);
}

type Made = { readonly key: string; readonly webhookSecret?: string };

type KnownKey = {
  readonly id: string;
  readonly source: string;
  readonly roles: readonly string[];
  readonly ledgers?: readonly string[];
  readonly expiresAt?: number;
  readonly revokedAt?: number;
};

/** A command that is typed once more shall not leave a key behind that nobody knows of. @throws CliError when the source has one */
async function requireNoKey(client: ServiceClient, source: string, { ledger }: AddFlags): Promise<void> {
  const { keys } = (await client.ask("/v1/keys")) as { readonly keys: readonly KnownKey[] };
  const has = keys.filter(
    ({ revokedAt, expiresAt, roles, ledgers, ...key }) =>
      key.source === source &&
      revokedAt === undefined &&
      (expiresAt === undefined || expiresAt > Date.now()) &&
      roles.includes("writer") &&
      (ledgers === undefined || ledgers.includes(ledger)),
  );
  if (has.length === 0) return;
  const which = has.map(({ id }) => id).join(", ");
  const message =
    `The source ${source} of the ledger ${ledger} has a key already (${which}), which is shown only when it is made. Nothing was changed. ` +
    `Where that key is lost: "holdfast keys revoke ${has[0]?.id}", then this again. For another machine: --source <name> with a name of its own. ` +
    "To have a second key for the same: --another-key.";
  throw new CliError(message, { code: "source_exists", exitStatus: 1 });
}

async function makeKey(client: ServiceClient, sender: Sender, flags: AddFlags): Promise<Made> {
  if (flags.anotherKey !== true) await requireNoKey(client, flags.source ?? sender.id, flags);
  const body = JSON.stringify({
    source: flags.source ?? sender.id,
    roles: ["writer"],
    ledgers: [flags.ledger],
    note: flags.note,
    expiresAt: flags.expires,
    webhookSecret: sender.key === "signature" ? true : undefined,
  });
  const made = (await client.ask("/v1/keys", { method: "POST", body })) as Made;
  if (typeof made?.key !== "string") {
    throw new CliError("Expected a key from the service, got another answer.", {
      code: "answer_invalid",
      exitStatus: 1,
    });
  }
  return made;
}
