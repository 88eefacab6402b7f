/** The Merkle path, drawn: the leaf at the bottom, the root on top, the hashes that came with the proof at the sides. */

import type { Bundle } from "../../verify/bundle/bundle.ts";
import { formatCount, shorten } from "../parts/format.ts";
import { type Climb, climb, leafOf, type Rung } from "./path-drawing.ts";

const WIDTH = 412;
const BOX = { width: 118, height: 24 };
const CENTRE = WIDTH / 2;
const SIDE = { left: BOX.width / 2 + 1, right: WIDTH - BOX.width / 2 - 1 };
const STEP = 42;
const MARGIN = 14;

type BoxProps = { readonly x: number; readonly y: number; readonly hash: string; readonly kind: string };

function Box({ x, y, hash, kind }: BoxProps) {
  return (
    <g class={`box ${kind}`}>
      <title>{hash}</title>
      <rect x={x - BOX.width / 2} y={y - BOX.height / 2} width={BOX.width} height={BOX.height} rx="5" />
      <text x={x} y={y + 4} text-anchor="middle">
        {shorten(hash)}
      </text>
    </g>
  );
}

function Level({ rung, y, isLeaf }: { readonly rung: Rung; readonly y: number; readonly isLeaf: boolean }) {
  const x = SIDE[rung.side];
  const top = y - STEP + BOX.height / 2;
  const bend = y - STEP / 2;
  return (
    <g>
      <path class="wire" d={`M${CENTRE} ${y - BOX.height / 2}V${top}`} />
      <path class="wire given" d={`M${x} ${y - BOX.height / 2}V${bend}H${CENTRE}`} />
      <Box x={x} y={y} hash={rung.sibling} kind="given" />
      <Box x={CENTRE} y={y} hash={rung.node} kind={isLeaf ? "leaf" : "computed"} />
    </g>
  );
}

function Drawing({ way, holds }: { readonly way: Climb; readonly holds: boolean }) {
  const height = way.rungs.length * STEP + BOX.height + 2 * MARGIN;
  const y = (level: number) => height - MARGIN - BOX.height / 2 - level * STEP;
  const text = `${way.rungs.length} hashes lead from the leaf hash ${shorten(way.rungs[0]?.node ?? way.top)} to ${shorten(way.top)}`;
  return (
    <svg class="climb" viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} height={height} role="img" aria-label={text}>
      {way.rungs.map((rung, level) => (
        <Level key={rung.sibling} rung={rung} y={y(level)} isLeaf={level === 0} />
      ))}
      <Box x={CENTRE} y={y(way.rungs.length)} hash={way.top} kind={holds ? "root" : "root wrong"} />
    </svg>
  );
}

function wayUp(hashes: number): string {
  if (hashes === 0) return "its leaf hash is the root that was signed.";
  if (hashes === 1) return "hashing it with the dashed hash of the proof gives the root that was signed.";
  return `hashing it with the ${hashes} dashed hashes of the proof, level by level, gives the root that was signed.`;
}

/** `bundle` may be a forged one: the drawing then shows where its path really leads. */
export function MerklePath({ bundle }: { readonly bundle: Bundle }) {
  const { index } = bundle.entry;
  const { size, path, root } = bundle.inclusion;
  const leafHash = leafOf(bundle) ?? bundle.entry.leafHash;
  const way = climb({ index, size, leafHash, path });
  const holds = way.top === root;
  return (
    <figure class="path">
      <div class="path-scroll">
        <Drawing way={way} holds={holds} />
      </div>
      <figcaption class="small muted">
        {holds ? (
          <>
            Entry {formatCount(index)} of {formatCount(size)}: {wayUp(path.length)}
          </>
        ) : (
          <span class="bad">
            What the file shows leads to {shorten(way.top)}, and not to the root that it claims, {shorten(root)}.
          </span>
        )}
      </figcaption>
    </figure>
  );
}
