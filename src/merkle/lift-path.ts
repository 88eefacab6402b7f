/**
 * An inclusion path in a larger tree, from one in a smaller tree and a consistency path between them (RFC 9162 §2.1.3 and
 * §2.1.4). Whoever kept a proof under a size that nobody anchored has one under the next size that is, and asks nobody.
 * Why: docs/decisions/0067.
 */

import { type Hash, nodeHash } from "./hash.ts";
import { consistencyRanges, type Inclusion, inclusionRanges, ProofError } from "./proof.ts";
import { type Range, splitPoint } from "./tree.ts";

/**
 * The inclusion path of `index` in the tree of `to` entries. It holds if both paths do; neither is checked here.
 * @param path of the index in the tree of `size` entries
 * @param consistency path from `size` to `to`
 * @throws RangeError unless 0 <= index < size <= to
 * @throws ProofError when a path has another length than its sizes call for
 */
export function liftPath(
  hash: Hash,
  { index, size, path }: Pick<Inclusion, "index" | "size" | "path">,
  { to, consistency }: { readonly to: number; readonly consistency: readonly Uint8Array[] },
): Uint8Array[] {
  const known = new Map<string, Uint8Array>();
  const learn = (ranges: readonly Range[], hashes: readonly Uint8Array[], what: string) => {
    if (ranges.length !== hashes.length) {
      throw new ProofError(`expected ${ranges.length} hashes in the ${what} path, got ${hashes.length}`);
    }
    for (const [i, range] of ranges.entries()) known.set(nameOf(range), hashes[i] as Uint8Array);
  };
  learn(inclusionRanges(index, size), path, "inclusion");
  learn(consistencyRanges(size, to), consistency, "consistency");
  // A subtree beside the leaf lies before the smaller tree's end or after it, and is known, or has that end in it: then
  // the recursion down to the end meets only subtrees of the consistency path.
  const hashOf = ({ start, end }: Range): Uint8Array => {
    const found = known.get(nameOf({ start, end }));
    if (found !== undefined) return found;
    const middle = start + splitPoint(end - start);
    return nodeHash(hash, hashOf({ start, end: middle }), hashOf({ start: middle, end }));
  };
  return inclusionRanges(index, to).map(hashOf);
}

function nameOf({ start, end }: Range): string {
  return `${start}-${end}`;
}
