/** Sums of claims say whether some claims are all that there are of a tile, whatever differs. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { ClaimSums, isSumOf, type SoleClaim } from "../../../src/store/values/claim-sums.ts";

const SIZE = 600;

function claim(index: number, name = `claim ${index}`): SoleClaim {
  return { place: Uint8Array.from(createHash("sha256").update(name).digest()), index };
}

const claims = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => claim(from + i));

function summed(all: readonly SoleClaim[]): ClaimSums {
  const sums = new ClaimSums(SIZE);
  for (const each of all) sums.add(each);
  return sums;
}

function packed(all: readonly SoleClaim[]) {
  const places = Uint8Array.from(Buffer.concat(all.map(({ place }) => place)));
  return { places, indexes: all.map(({ index }) => index) };
}

/** Whether some claims are all that were added of a tile. */
function areAll(sums: ClaimSums, tile: number, all: readonly SoleClaim[]): boolean {
  return isSumOf(sums.ofTile(tile), sums.seed, packed(all));
}

test("claims that were added, in whichever order, are all of their tile; of one without claims none are", () => {
  const sums = summed([...claims(0, 200), ...claims(512, SIZE)].toReversed());
  assert.ok(areAll(sums, 0, claims(0, 200)));
  assert.ok(areAll(sums, 1, []));
  assert.ok(areAll(sums, 2, claims(512, SIZE)));
});

test("one claim too few, too many, of another entry, under another place, or two exchanged do not agree", () => {
  const whole = claims(0, 256);
  const [first, second, ...rest] = whole as [SoleClaim, SoleClaim, ...SoleClaim[]];
  const exchanged = [
    { ...first, index: 1 },
    { ...second, index: 0 },
  ];
  const others: Readonly<Record<string, readonly SoleClaim[]>> = {
    "too few": [second, ...rest],
    "too many": [...whole, claim(9, "another")],
    twice: [...whole, second],
    "another entry": [{ ...first, index: 7 }, second, ...rest],
    "another place": [claim(0, "another"), second, ...rest],
    exchanged: [...exchanged, ...rest],
  };
  for (const [what, stored] of Object.entries(others)) assert.equal(areAll(summed(stored), 0, whole), false, what);
  for (let bit = 0; bit < 256; bit++) {
    const place = Uint8Array.from(first.place);
    place[bit >> 3] = (place[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(areAll(summed([{ place, index: 0 }, second, ...rest]), 0, whole), false, `bit ${bit}`);
  }
});

test("claims of entries that the ledger does not have are of no interest", () => {
  const sums = summed([...claims(512, SIZE), claim(SIZE), claim(2 ** 52)]);
  assert.ok(areAll(sums, 2, claims(512, SIZE)));
});

test("claims of which half of the sum agrees, as a few of half a million do, are others", () => {
  const sums = new ClaimSums(1);
  const place = new Uint8Array(32);
  const view = new DataView(place.buffer);
  const halves = new Map<number, number>();
  let found = 0;
  for (let n = 0; n < 500_000; n++) {
    view.setUint32(0, n);
    const before = sums.ofTile(0);
    sums.add({ place, index: 0 });
    const { first } = sums.ofTile(0);
    const half = (first - before.first) | 0;
    const like = halves.get(half);
    if (like === undefined) halves.set(half, n);
    else {
      const other = Uint8Array.from(place);
      new DataView(other.buffer).setUint32(0, like);
      const alone = new ClaimSums(1);
      alone.seed.set(sums.seed);
      alone.add({ place, index: 0 });
      assert.ok(isSumOf(alone.ofTile(0), sums.seed, { places: place, indexes: [0] }));
      assert.equal(isSumOf(alone.ofTile(0), sums.seed, { places: other, indexes: [0] }), false);
      found += 1;
    }
  }
  assert.ok(found > 0, "expected some whose first half agrees, got none");
});
