/** What many bundles of one verification share is asked and computed once; nothing is kept for longer. */

import type { Hex } from "../merkle/bytes.ts";
import { recoverSigner, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { ChainReader } from "./chain.ts";

/** recoverSigner that computes each signature once. */
export function rememberingRecover(): (checkpoint: SignedCheckpoint) => Hex {
  const signers = new Map<string, Hex>();
  return (checkpoint) => {
    const { ledgerId, size, root, signedAt, signature } = checkpoint;
    const key = [ledgerId, size, root, signedAt, signature].join();
    const known = signers.get(key) ?? recoverSigner(checkpoint);
    signers.set(key, known);
    return known;
  };
}

/** Wraps a reader; what it could not be asked it is not asked again either. */
export function rememberingReader(reader: ChainReader): ChainReader {
  const answers = new Map<string, Promise<unknown>>();
  const once = <T>(ask: () => Promise<T>, ...question: readonly unknown[]): Promise<T> => {
    const key = JSON.stringify(question);
    const known = answers.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const answer = ask();
    answers.set(key, answer);
    return answer;
  };
  return {
    chainId: () => once(() => reader.chainId(), "chainId"),
    codeHash: (contract) => once(() => reader.codeHash(contract), "codeHash", contract),
    rootAt: (...asked) => once(() => reader.rootAt(...asked), "rootAt", ...asked),
    everSigner: (...asked) => once(() => reader.everSigner(...asked), "everSigner", ...asked),
    isForked: (...asked) => once(() => reader.isForked(...asked), "isForked", ...asked),
    block: (number) => once(() => reader.block(number), "block", number),
    logs: (...asked) => once(() => reader.logs(...asked), "logs", ...asked),
    isFinal: (number) => once(() => reader.isFinal(number), "isFinal", number),
  };
}
