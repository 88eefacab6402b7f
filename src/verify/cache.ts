/**
 * What many bundles of one verification share is asked and computed once; nothing is kept for longer, and only so much that
 * no set fills the memory.
 */

import type { Hex } from "../merkle/bytes.ts";
import { recoverSigner, type SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Frame } from "./bundle/bundle.ts";
import type { FrameFinding, JudgeFrame } from "./check-frame.ts";
import type { ChainReader } from "./evm/chain-reader.ts";

/** Answers and signers that are kept; the oldest are forgotten first. */
const KEPT_MAX = 4096;

/** recoverSigner that computes each signature once. */
export function rememberingRecover(): (checkpoint: SignedCheckpoint) => Hex {
  const signers = new Map<string, Hex>();
  return (checkpoint) => {
    const { ledgerId, size, root, signedAt, signature } = checkpoint;
    const key = [ledgerId, size, root, signedAt, signature].join();
    const known = signers.get(key);
    return known ?? keep(signers, key, recoverSigner(checkpoint));
  };
}

/** Remembers the frame that was judged last: bundles of one checkpoint follow each other. */
export function rememberingFrame(judge: JudgeFrame): JudgeFrame {
  let last: { readonly frame: Frame; readonly key: string; readonly finding: Promise<FrameFinding> } | undefined;
  return (frame: Frame) => {
    if (last?.frame === frame) return last.finding;
    const { ledger, checkpoint, anchors, status } = frame;
    const key = JSON.stringify([ledger, checkpoint, anchors, status]);
    last = { frame, key, finding: last?.key === key ? last.finding : judge(frame) };
    return last.finding;
  };
}

/** Wraps a reader; what it could not be asked it is not asked again either. */
export function rememberingReader(reader: ChainReader): ChainReader {
  const answers = new Map<string, Promise<unknown>>();
  const once = <T>(ask: () => Promise<T>, ...question: readonly unknown[]): Promise<T> => {
    const key = JSON.stringify(question);
    const known = answers.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    return keep(answers, key, ask());
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

function keep<T, V extends T>(kept: Map<string, T>, key: string, value: V): V {
  const [oldest] = kept.keys();
  if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  kept.set(key, value);
  return value;
}
