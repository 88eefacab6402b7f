/** What a service of the ledger knows of a bundle's checkpoint on chains. It is text of a stranger: the verdict decides. */

import { type Bundle, type BundleAnchor, BundleError, type Status } from "../../verify/bundle/bundle.ts";
import { checkBundle } from "../../verify/bundle/parse.ts";
import { ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { CliError } from "../terminal/failure.ts";

/** What links a checkpoint to chains, and how far that brings the event. */
export type Links = { readonly anchors: readonly BundleAnchor[]; readonly status: Status };

/** The members of the service's anchors that go into a bundle. */
type ServiceAnchor = Omit<BundleAnchor, "state" | "consistency"> & { readonly stage: string };

const ANCHORS_MAX = 64;

/**
 * The anchors of a bundle's checkpoint, or of larger ones with the paths that lead there, as the service tells them.
 * @param flags `ledger` is the ledger's name at the service, when the bundle does not tell it
 * @throws CliError when there are none yet, or the answer has not the form of anchors
 */
export async function linkByService(
  bundle: Bundle,
  flags: ServiceOptions & { readonly ledger?: string },
): Promise<Links> {
  const client = new ServiceClient(flags);
  const name = flags.ledger ?? bundle.ledger.name;
  const path = `/v1/ledgers/${encodeURIComponent(name)}`;
  const links = (await askBundle(client, path, bundle)) ?? (await askAnchors(client, path, bundle));
  if (links.anchors.length === 0) {
    const message = `No chain has taken a checkpoint of ${name} with ${bundle.checkpoint.size} or more entries yet; try again later.`;
    throw new CliError(message, { code: "not_anchored", exitStatus: 2 });
  }
  return checkForm({ ...bundle, ...links });
}

/** With a key that may read the event, its bundle under the same checkpoint has the state proofs too. */
async function askBundle(client: ServiceClient, path: string, bundle: Bundle): Promise<Links | undefined> {
  const { index } = bundle.entry;
  const answer = await client.send(`${path}/events/${index}/bundle?size=${bundle.checkpoint.size}`);
  if (answer.status !== 200) return undefined;
  const { anchors, status } = checkForm(answer.body);
  return { anchors, status };
}

/** What everybody may know: on every chain the first anchor that covers the size, the earliest witness. */
async function askAnchors(client: ServiceClient, path: string, bundle: Bundle): Promise<Links> {
  const { size } = bundle.checkpoint;
  const answer = await client.ask(`${path}/anchors?order=asc&after=${size - 1}&limit=${ANCHORS_MAX}`);
  const { anchors: found } = (answer ?? {}) as { readonly anchors?: unknown };
  const isObject = (each: unknown): boolean => typeof each === "object" && each !== null;
  if (!Array.isArray(found) || !found.every(isObject)) throw invalidAnswer("a list of anchors");
  const firsts = new Map<unknown, ServiceAnchor>();
  for (const anchor of found as ServiceAnchor[]) {
    if (anchor.size >= size && !firsts.has(anchor.chainId)) firsts.set(anchor.chainId, anchor);
  }
  const anchors: BundleAnchor[] = [];
  for (const anchor of firsts.values()) anchors.push(await linkAnchor(client, path, size, anchor));
  const isFinal = [...firsts.values()].some(({ stage }) => stage === "final");
  return { anchors, status: isFinal ? "final" : "anchored" };
}

async function linkAnchor(
  client: ServiceClient,
  path: string,
  from: number,
  { chainId, contract, size, root, transactionHash, blockNumber, blockHash, blockTime }: ServiceAnchor,
): Promise<BundleAnchor> {
  const place = { transactionHash, blockNumber, blockHash, blockTime };
  if (size === from) return { chainId, contract, size, root, ...place };
  const answer = await client.ask(`${path}/consistency?from=${from}&to=${size}`);
  const { path: consistency } = (answer ?? {}) as { readonly path?: unknown };
  if (!Array.isArray(consistency)) throw invalidAnswer("a consistency path");
  return { chainId, contract, size, root, consistency, ...place };
}

/** What the service gave is text of a stranger until it has the form of a bundle. */
function checkForm(value: unknown): Bundle {
  try {
    return checkBundle(value);
  } catch (error) {
    throw error instanceof BundleError ? invalidAnswer(`anchors of the right form (${error.message})`) : error;
  }
}

function invalidAnswer(expected: string): CliError {
  return new CliError(`Expected ${expected} from the service, got another answer.`, {
    code: "answer_invalid",
    exitStatus: 1,
  });
}
