/** An index as an audit looks at it: segment by segment, against segments that are built of the entries anew. */

import type { AuditedIndex, ClosedSegment, GrowingSegment } from "../../audit/checks/index-complete.ts";
import { type EncodedSegment, encodeSegment, OpenSegment } from "../../query/index/open-segment.ts";
import { SEGMENT_LENGTH } from "../../query/index/positions.ts";
import { Segments } from "../../query/index/segments.ts";

export class SegmentAudit implements AuditedIndex {
  readonly lengthMax = SEGMENT_LENGTH;
  readonly #segments: Segments;
  readonly #rebuild: ((from: number, to: number) => Promise<unknown>) | undefined;

  /** @param rebuild has entries [from, to) indexed again */
  constructor(segments: Segments, rebuild?: (from: number, to: number) => Promise<unknown>) {
    this.#segments = segments;
    this.#rebuild = rebuild;
  }

  /** Of an index that nobody has open; what is damaged is left out. */
  static async load(...place: Parameters<typeof Segments.load>): Promise<SegmentAudit> {
    return new SegmentAudit(await Segments.load(...place));
  }

  get count(): number {
    return this.#segments.count;
  }

  get end(): number {
    return this.#segments.end;
  }

  /** What terms are hashed with, for segments that are built elsewhere. */
  get seed(): Uint8Array {
    return this.#segments.seed;
  }

  segmentAt(index: number): ClosedSegment | undefined {
    if (index >= this.#segments.end) return undefined;
    const number = this.#segments.locate(index);
    const { start, length } = this.#segments.header(number);
    return { number, from: start, to: start + length };
  }

  begin(from: number): GrowingSegment {
    return new OpenSegment(from, this.#segments.terms);
  }

  async difference(number: number, built: object): Promise<string | undefined> {
    if (built instanceof OpenSegment) return this.#segments.difference(number, await encodeSegment(built));
    if (!isEncoded(built))
      throw new TypeError("expected a segment that was begun here, or one that is encoded, got another one");
    return this.#segments.difference(number, built);
  }

  async repair(from: number, to: number): Promise<void> {
    await this.#rebuild?.(from, to);
  }
}

function isEncoded(built: object): built is EncodedSegment {
  return "buckets" in built;
}
