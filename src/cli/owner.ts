/**
 * `holdfast owner`: what only a ledger's owner may do in the contract. The owner's key is best kept away from every
 * machine that runs something, so without --account each command prints the call for whoever signs elsewhere.
 */

import { type Command, Option } from "commander";
import { CONTRACT_ADDRESS } from "../chain/contract/contract.ts";
import {
  acceptOwnershipCall,
  type ContractCall,
  decodeLedgerFacts,
  encodeLedgerCall,
  type LedgerFacts,
  nameSuccessorCall,
  openCall,
  rotateSignerCall,
  transferOwnershipCall,
} from "../chain/contract/manual-calls.ts";
import { checksumAddress } from "../merkle/address.ts";
import type { Hex } from "../merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../merkle/checkpoint.ts";
import { RpcAnswerError, type RpcRequest } from "../verify/evm/rpc-reader.ts";
import {
  type AccountFlags,
  type ChainFlags,
  openAccountOf,
  requireChain,
  type SendFlags,
  withAccountOptions,
} from "./remote/account-flags.ts";
import { describeLinks } from "./remote/explorer-links.ts";
import { knownCodeHashes } from "./remote/known-contract.ts";
import { connectChain, connectNode } from "./remote/node.ts";
import { refusalOf } from "./remote/refusal.ts";
import { describeCall, type Sent, sendCall } from "./remote/send-call.ts";
import { CliError, usageError } from "./terminal/failure.ts";
import { printResult } from "./terminal/output.ts";
import { readAddress, readHash } from "./terminal/parse-flag-value.ts";

const NOBODY = `0x${"0".repeat(40)}`;
const NOTHING = `0x${"0".repeat(64)}`;

type OwnerFlags = Partial<AccountFlags> &
  SendFlags & {
    readonly rpc?: string;
    readonly contract: string;
    readonly ledgerId?: Hex;
    readonly owner?: string;
    readonly ledger?: string;
    readonly label?: Hex;
    readonly json?: boolean;
  };

/** What is to be done, and how to see who may and whether it is done. */
type Deed = {
  readonly ledgerId: Hex;
  readonly call: ContractCall;
  /** Who may send it; undefined when that is not known. */
  readonly sender: (facts: LedgerFacts | undefined) => string | undefined;
  readonly isDone: (facts: LedgerFacts | undefined) => boolean;
  /** What holds once it is done. */
  readonly done: string;
};

export function addOwner(program: Command): void {
  const owner = program
    .command("owner")
    .description("What only a ledger's owner may do: signer, ownership, successor.");
  const show = owner.command("show").description("Show who owns a ledger, who signs for it, and what continues it.");
  withLedgerOptions(show.requiredOption("--rpc <url>", "JSON-RPC endpoint of the chain"))
    .option("--json", "print the result as JSON")
    .action(showLedger);
  addDeed(owner, "open", "Open a ledger.", (command) => {
    command.requiredOption("--signer <address>", "who signs its checkpoints", readAddress);
    return openDeed;
  });
  addDeed(owner, "rotate-signer", "Replace the signer of a ledger.", (command) => {
    command.requiredOption("--signer <address>", "who signs from now on", readAddress);
    return rotateDeed;
  });
  addDeed(owner, "transfer", "Offer a ledger to another owner, who must accept.", (command) => {
    command.requiredOption("--to <address>", "the other owner; the zero address takes an offer back", readAddress);
    return transferDeed;
  });
  addDeed(owner, "accept", "Take over a ledger that was offered.", () => acceptDeed);
  addDeed(
    owner,
    "name-successor",
    "Say, for good, which ledger continues this one; it takes no more anchors.",
    (command) => {
      command.requiredOption("--successor <id>", "an open ledger of the same owner", readHash);
      return successorDeed;
    },
  );
}

type DeedFlags = OwnerFlags & { readonly signer: string; readonly to: string; readonly successor: Hex };

function addDeed(
  owner: Command,
  name: string,
  description: string,
  withOptions: (command: Command) => (flags: DeedFlags, ledgerId: Hex, sender: string | undefined) => Deed,
): void {
  const command = owner.command(name).description(description);
  const deedOf = withOptions(command);
  withLedgerOptions(
    command.option("--rpc <url>", "JSON-RPC endpoint of the chain; without it the call is printed unseen"),
  );
  withAccountOptions(command, "whose key sends it; without it the call is only printed")
    .option("--json", "print the result as JSON")
    .action((flags: DeedFlags) => act(deedOf, flags));
}

function withLedgerOptions(command: Command): Command {
  return command
    .addOption(new Option("--ledger-id <id>", "id of the ledger").argParser(readHash))
    .addOption(new Option("--owner <address>", "or the account that opened it, with").argParser(readAddress))
    .option("--ledger <name>", "its name, or")
    .addOption(new Option("--label <hash>", "its label").argParser(readHash))
    .addOption(
      new Option("--contract <address>", "where the contract is").argParser(readAddress).default(CONTRACT_ADDRESS),
    );
}

const byOwner: Deed["sender"] = (facts) => facts?.owner;

function openDeed(flags: DeedFlags, ledgerId: Hex, sender: string | undefined): Deed {
  const signer = flags.signer.toLowerCase();
  return {
    ledgerId,
    call: openCall(labelIn(flags), signer),
    sender: () => sender ?? flags.owner,
    isDone: (facts) => facts !== undefined,
    done: `The ledger is open, signer ${checksumAddress(signer)}.`,
  };
}

function rotateDeed(flags: DeedFlags, ledgerId: Hex): Deed {
  const signer = flags.signer.toLowerCase();
  return {
    ledgerId,
    call: rotateSignerCall(ledgerId, signer),
    sender: byOwner,
    isDone: (facts) => facts?.signer.toLowerCase() === signer,
    done: `The signer is ${checksumAddress(signer)}. What the old one signed and nobody anchored can no longer be anchored.`,
  };
}

function transferDeed(flags: DeedFlags, ledgerId: Hex): Deed {
  const to = flags.to.toLowerCase();
  const what =
    to === NOBODY
      ? "The ledger is offered to nobody."
      : `The ledger is offered to ${checksumAddress(to)}, who must accept.`;
  return {
    ledgerId,
    call: transferOwnershipCall(ledgerId, to),
    sender: byOwner,
    done: what,
    isDone: (facts) => facts?.pendingOwner.toLowerCase() === to,
  };
}

function acceptDeed(_flags: DeedFlags, ledgerId: Hex, sender: string | undefined): Deed {
  return {
    ledgerId,
    call: acceptOwnershipCall(ledgerId),
    sender: (facts) => (facts === undefined || facts.pendingOwner === NOBODY ? sender : facts.pendingOwner),
    isDone: (facts) => sender !== undefined && facts?.owner.toLowerCase() === sender.toLowerCase(),
    done: "The ledger has its new owner.",
  };
}

function successorDeed({ successor }: DeedFlags, ledgerId: Hex): Deed {
  return {
    ledgerId,
    call: nameSuccessorCall(ledgerId, successor),
    sender: byOwner,
    isDone: (facts) => facts?.successor === successor,
    done: `Ledger ${successor} continues this one, which takes no more anchors.`,
  };
}

async function act(
  deedOf: (flags: DeedFlags, id: Hex, sender: string | undefined) => Deed,
  flags: DeedFlags,
): Promise<void> {
  const { rpc } = flags;
  if (flags.account !== undefined && rpc === undefined) throw usageError("Expected --rpc with --account, got none.");
  const account = flags.account === undefined ? undefined : await openAccountOf({ ...flags, account: flags.account });
  const sender = account?.address;
  const opener = flags.owner ?? sender;
  const deed = deedOf(flags, ledgerIdIn({ ...flags, ...(opener !== undefined && { owner: opener }) }), sender);
  const node = rpc === undefined ? undefined : await openNode({ ...flags, rpc });
  const facts = node === undefined ? undefined : await factsOf(node.request, flags.contract, deed.ledgerId);
  if (node !== undefined && deed.isDone(facts)) return print(deed, flags, { isDone: true, chainId: node.chainId });
  const from = account === undefined ? deed.sender(facts) : sender;
  if (node !== undefined && from !== undefined) await tryOut(node.request, flags.contract, deed.call, from);
  const chainId = node?.chainId ?? flags.chainId;
  const place = {
    ...(from !== undefined && { from: checksumAddress(from) }),
    ...(chainId !== undefined && { chainId }),
  };
  if (node === undefined || account === undefined || rpc === undefined)
    return print(deed, flags, { isDone: false, ...place });
  const call = { rpc, contract: flags.contract, data: deed.call.data };
  const sent = await sendCall(call, account.on(node.chainId), flags);
  const isDone = deed.isDone(await factsOf(node.request, flags.contract, deed.ledgerId));
  if (isDone) return print(deed, flags, { isDone, sent, ...place });
  const message = `Transaction ${sent.transactionHash} is in block ${sent.blockNumber}, and the contract does not show it yet; ask again later.`;
  throw new CliError(message, { code: "call_unconfirmed", exitStatus: 2 });
}

async function openNode({ rpc, contract, ...meant }: ChainFlags & { readonly rpc: string; readonly contract: string }) {
  const reader = connectChain(rpc, "finalized");
  const chainId = requireChain(meant, await reader.chainId());
  const codeHash = await reader.codeHash(contract);
  if (codeHash !== undefined && knownCodeHashes().includes(codeHash)) return { chainId, request: connectNode(rpc) };
  const message = `Expected the contract at ${contract} on chain ${chainId}, got other code or none; see --contract.`;
  throw new CliError(message, { code: "contract_unknown", exitStatus: 1 });
}

async function factsOf(request: RpcRequest, contract: string, ledgerId: Hex): Promise<LedgerFacts | undefined> {
  const answer = await request("eth_call", [{ to: contract, data: encodeLedgerCall(ledgerId) }, "latest"]);
  return decodeLedgerFacts(answer as Hex);
}

async function tryOut(request: RpcRequest, contract: string, { data }: ContractCall, from: string): Promise<void> {
  try {
    await request("eth_call", [{ from, to: contract, data }, "latest"]);
  } catch (error) {
    if (!(error instanceof RpcAnswerError)) throw error;
    const reason = refusalOf(error);
    throw new CliError(`The contract refuses it from ${checksumAddress(from)}: ${reason}.`, {
      code: "call_refused",
      exitStatus: 1,
    });
  }
}

async function showLedger(flags: OwnerFlags & { readonly rpc: string }): Promise<void> {
  const { chainId, request } = await openNode(flags);
  const ledgerId = ledgerIdIn(flags);
  const facts = await factsOf(request, flags.contract, ledgerId);
  if (facts === undefined) {
    const message = `Ledger ${ledgerId} is not open in contract ${flags.contract} on chain ${chainId}.`;
    throw new CliError(message, { code: "ledger_unopened", exitStatus: 1 });
  }
  const { owner, pendingOwner, signer, successor } = facts;
  const text = [
    `Ledger ${ledgerId} on chain ${chainId}`,
    `  owner      ${owner}${pendingOwner === NOBODY ? "" : `, offered to ${pendingOwner}`}`,
    `  signer     ${signer}`,
    ...(successor === NOTHING ? [] : [`  successor  ${successor}`]),
  ];
  printResult({ json: { ledgerId, chainId, contract: flags.contract, ...facts }, text }, flags.json === true);
}

type Done = { readonly isDone: boolean; readonly from?: string; readonly chainId?: number; readonly sent?: Sent };

function print({ ledgerId, call, done }: Deed, flags: OwnerFlags, { isDone, from, chainId, sent }: Done): void {
  const place = { contract: checksumAddress(flags.contract), ...(chainId !== undefined && { chainId }) };
  const json = { ledgerId, isDone, ...(from !== undefined && { from }), call: { ...place, ...call }, ...sent };
  const how =
    sent === undefined ? "It was so already." : `Transaction ${sent.transactionHash}, block ${sent.blockNumber}.`;
  const links =
    sent === undefined || chainId === undefined ? [] : describeLinks({ ...sent, chainId, ...place }, flags.explorer);
  const text = isDone
    ? [`${done} ${how}`, ...links]
    : [`To be sent by ${from ?? "the ledger's owner"}:`, "", ...describeCall(call, place)];
  printResult({ json, text }, flags.json === true);
}

function ledgerIdIn({ ledgerId, owner, ledger, label }: OwnerFlags): Hex {
  if (ledgerId !== undefined) return ledgerId;
  if (owner === undefined || (ledger === undefined && label === undefined)) {
    throw usageError("Expected --ledger-id, or --owner with --ledger or --label, got neither.");
  }
  return deriveLedgerId(owner.toLowerCase() as Hex, labelIn({ ledger, label }));
}

function labelIn({ ledger, label }: { readonly ledger?: string | undefined; readonly label?: Hex | undefined }): Hex {
  if (label !== undefined) return label;
  if (ledger === undefined) throw usageError("Expected --ledger or --label, got neither.");
  return labelOf(ledger);
}
