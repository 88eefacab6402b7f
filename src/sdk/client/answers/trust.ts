/**
 * Which ledger and whose signatures are believed: what the program pinned, else what the first answer had, which is said.
 * Two checkpoints of one size with two roots are a fork, whoever signed them.
 */

import type { SignedCheckpoint } from "../../../merkle/checkpoint.ts";
import type { BundleLedger } from "../../../verify/bundle/bundle.ts";
import type { Expectations } from "../../../verify/options.ts";
import { HoldfastError } from "../holdfast-error.ts";

/** What is pinned; addresses in any case. */
export type Pins = { readonly ledgerId?: string; readonly signers?: readonly string[] };

/** A ledger and a signer that were believed because they came first. */
export type TrustedOnFirstUse = { readonly ledgerId: string; readonly signer: string };

export class Trust {
  readonly #pins: Pins;
  readonly #tell: (trusted: TrustedOnFirstUse) => void;
  #first: TrustedOnFirstUse | undefined;
  #newest: Pick<SignedCheckpoint, "size" | "root"> | undefined;

  constructor(pins: Pins, tell: (trusted: TrustedOnFirstUse) => void) {
    this.#pins = pins;
    this.#tell = tell;
  }

  /** What a verification is to expect: what the program said, and nothing that was only believed. */
  get expected(): Expectations {
    const { ledgerId, signers = [] } = this.#pins;
    return { ...(ledgerId !== undefined && { ledgerId }), signers };
  }

  /**
   * Takes the ledger and the checkpoint of an answer whose signature was checked.
   * @throws HoldfastError answer_false when they are of others than before
   */
  take({ id, signer }: BundleLedger, { size, root }: Pick<SignedCheckpoint, "size" | "root">): void {
    const { ledgerId, signers = [] } = this.#pins;
    const first = this.#first;
    if (first !== undefined && ledgerId === undefined && first.ledgerId !== id)
      throw another("ledger", first.ledgerId, id);
    if (first !== undefined && signers.length === 0 && first.signer !== signer)
      throw another("signer", first.signer, signer);
    const newest = this.#newest;
    if (newest?.size === size && newest.root !== root) {
      const message = `expected root ${newest.root} at size ${size}, as the service signed before, got ${root}: a fork`;
      throw new HoldfastError("answer_false", message);
    }
    if (newest === undefined || size > newest.size) this.#newest = { size, root };
    if (first !== undefined) return;
    this.#first = { ledgerId: id, signer };
    if (ledgerId === undefined || signers.length === 0) this.#tell(this.#first);
  }
}

function another(what: string, expected: string, got: string): HoldfastError {
  const message = `expected the ${what} ${expected} of the first answer, got ${got}; if both are right, pin them`;
  return new HoldfastError("answer_false", message);
}
