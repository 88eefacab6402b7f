/** The events of one body, held against what their ledger demands. Where it demands nothing, nothing is done. */

import type { Event } from "../../entry/event.ts";
import { EventError } from "../../entry/event-error.ts";
import { type Judge, judgeOf, type Violation } from "./check-event.ts";
import type { RuleSet } from "./rule-set.ts";

export class Judging {
  readonly #judge: Judge | undefined;
  readonly #format: string;
  #names: Set<string> | undefined;

  constructor(rules: RuleSet | undefined, format: string) {
    this.#judge = rules === undefined ? undefined : judgeOf(rules);
    this.#format = format;
  }

  /**
   * What an event is not that it was to be.
   * @param isTimed whether its time is its own, not that of receipt
   */
  look(event: Event, isTimed = true): Violation | undefined {
    const judge = this.#judge;
    if (judge === undefined) return undefined;
    if (event.schema !== undefined && judge.knows(event.schema)) {
      this.#names ??= new Set();
      this.#names.add(event.schema);
    }
    return judge.look(event, this.#format, isTimed);
  }

  /** @throws EventError schema_violated, requirement_unmet */
  require(event: Event): void {
    const found = this.look(event);
    if (found === undefined) return;
    const { code, path, expected, got, ...rule } = found;
    throw new EventError(code, path, expected, got, { rule });
  }

  /** Whether the ledger has a schema. */
  knows(schema: string): boolean {
    return this.#judge?.knows(schema) ?? false;
  }

  /** The schemas of the ledger that events named, so that they do not change any more. */
  named(): { readonly schemas?: readonly string[] } {
    return this.#names === undefined ? {} : { schemas: [...this.#names] };
  }
}
