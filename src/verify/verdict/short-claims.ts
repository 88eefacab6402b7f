/** A verdict in short statements for a page: what, who and when, each with the mark of how far it was checked. */

import { chainName, isDevelopmentChain } from "../evm/explorers.ts";
import { plainName } from "./sentences.ts";
import type { SayingName, VerdictMark } from "./table.ts";
import { spellTime } from "./time-words.ts";
import type { Verdict } from "./verdict.ts";

/** One thing that was checked, and how far. */
export type ShortClaim = { readonly mark: VerdictMark; readonly text: string };

/** Where a contract that counts held it, the statements are proved; elsewhere they are as good as the verdict. */
const HELD: readonly SayingName[] = ["verified", "unfinal", "byBlock", "forked"];

/** What was proved or holds; nothing when the verification failed. */
export function claimsOf(verdict: Verdict): ShortClaim[] {
  const { subject, witness, shown, withheld, event, cell } = verdict;
  if (subject === undefined) return [];
  const mark = HELD.includes(cell.name) ? "good" : cell.mark;
  const action = plainName(event?.action);
  const what = action === undefined ? "an event" : `“${action}”`;
  const members = shown.length === 1 ? "member" : `${shown.length} members`;
  const rest = withheld === 0 ? "" : `; ${withheld} more ${withheld === 1 ? "is" : "are"} withheld`;
  const recorded = `${what} was recorded with exactly the ${members} shown here${rest}.`;
  const said = witness === undefined ? `the signer says that ${recorded}` : recorded;
  return [{ mark, text: `What: ${said}` }, whoOf(verdict, mark), whenOf(verdict, mark)];
}

/** Who signs for a ledger is known from the contract, or from the reader. */
function whoOf({ subject, witness, isSignerExpected }: Verdict, mark: VerdictMark): ShortClaim {
  const ledger = `the ledger that ${subject?.owner} opened`;
  if (witness !== undefined && !witness.byTrustedBlock) {
    return { mark, text: `Who: ${subject?.signer}, a signer of ${ledger}, signed it.` };
  }
  if (isSignerExpected) return { mark, text: `Who: ${subject?.signer}, whom you expect, signed it, for ${ledger}.` };
  return { mark: "dot", text: `Who: ${subject?.signer} signed it, whom nobody vouched for.` };
}

function whenOf({ subject, witness }: Verdict, mark: VerdictMark): ShortClaim {
  if (witness === undefined) {
    const said = spellTime(subject?.signedAt ?? 0);
    return { mark: "wait", text: `When: only the signer says that it was at ${said}.` };
  }
  const { blockTime, blockNumber, byTrustedBlock, chainId } = witness;
  // A block hash says nothing of the chain that it is on.
  const chain = chainId !== undefined && isDevelopmentChain(chainId) ? "a development chain" : chainName(chainId ?? 0);
  const place = byTrustedBlock ? "whose hash you trust" : `of ${chain}`;
  const time = spellTime(blockTime);
  return { mark, text: `When: at ${time} at the latest, the time of block ${blockNumber} ${place}.` };
}
