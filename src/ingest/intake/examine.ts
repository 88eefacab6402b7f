/**
 * Events that programs send of themselves, looked at one after another: the form of an event, names that are nearly right, and
 * what the ledger demands. The same whether they are to be recorded, or only to be told what would be refused.
 */

import { checkEvent, type Event, type EventLimits } from "../../entry/event.ts";
import { describe, EventError, type EventErrorCode, pointer, type RuleName } from "../../entry/event-error.ts";
import { findMisspelt, type Misspelling } from "../../entry/misspelt.ts";
import { NATIVE } from "../known-formats.ts";
import { Judging } from "../rules/check-body.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { IntakeError, type IntakeErrorCode, type PlaceError } from "./intake-error.ts";

/** What is done about members that look misspelt: their sender is told, or the request is refused. */
export type OnMisspelt = "warn" | "refuse";

/** What events are held to. */
export type EventRules = {
  readonly event: EventLimits;
  /** "warn" when absent. */
  readonly misspelt?: OnMisspelt | undefined;
  /** What the ledger demands; nothing when absent. */
  readonly demanded?: RuleSet | undefined;
};

/** What its sender should know of an event that is recorded; `position` is that of the event in the request. */
export type Warning = { readonly position: number } & (
  | (Misspelling & { readonly code: "member_misspelt" })
  /** It names a schema that the ledger does not have, so that nothing was checked. */
  | { readonly code: "schema_unknown"; readonly path: string; readonly got: string }
);

/** Where in a body an event is; `line` counts from 1. */
export type BodyPlace = { readonly position: number; readonly line?: number };

/** An event that would be refused, and why; `path` is an RFC 6901 pointer into it. */
export type RefusedEvent = BodyPlace & RuleName & PlaceError & { readonly code: EventErrorCode | IntakeErrorCode };

/** What would become of a body. */
export type Examined = {
  readonly events: number;
  readonly refused: number;
  /** The first of them. */
  readonly refusals: readonly RefusedEvent[];
};

export class Examination {
  readonly warnings: Warning[] = [];
  readonly #rules: EventRules;
  readonly #judging: Judging;

  constructor(rules: EventRules) {
    this.#rules = rules;
    this.#judging = new Judging(rules.demanded, NATIVE);
  }

  /**
   * Looks at a value that is to be an event.
   * @param bytes length of its text, where that is known
   * @throws EventError
   */
  look(value: unknown, position: number, bytes?: number): Event {
    const event = checkEvent(value, this.#rules.event, bytes);
    this.#lookAtNames(event, position);
    this.#judging.require(event);
    const { schema } = event;
    if (schema !== undefined && !this.#judging.knows(schema)) {
      this.warnings.push({ position, code: "schema_unknown", path: "/schema", got: schema });
    }
    return event;
  }

  /** The schemas of the ledger that events named. */
  named(): ReturnType<Judging["named"]> {
    return this.#judging.named();
  }

  /** @throws EventError member_misspelt, where such members are refused */
  #lookAtNames(event: Event, position: number): void {
    const found = findMisspelt(event);
    const [first] = found;
    if (first === undefined) return;
    if (this.#rules.misspelt === "refuse") {
      const expected = `${JSON.stringify(first.known)}, or a name that is not nearly that (this ledger refuses those)`;
      throw new EventError("member_misspelt", first.path, expected, describe(first.path.split("/").at(-1)));
    }
    for (const { path, known } of found) this.warnings.push({ position, code: "member_misspelt", path, known });
  }
}

/** What an error says of one event. Errors of nobody's event pass through. */
export function refusalOf(error: unknown, place: BodyPlace): RefusedEvent {
  if (error instanceof EventError) {
    const { code, path, expected, got, rule } = error;
    return { ...place, code, path, expected, got, ...rule };
  }
  if (!(error instanceof IntakeError)) throw error;
  const [first = { path: "", expected: error.message.replace(/^expected /, ""), got: "something else" }] =
    error.errors ?? [];
  return { ...place, code: error.code, ...first };
}

/** The same error, saying also where in the request it is. */
export function located(error: unknown, { position, line }: BodyPlace): unknown {
  const place = line === undefined ? `event ${position} of the array` : `line ${line}`;
  if (error instanceof IntakeError) {
    const { errors, rule } = error;
    return new IntakeError(error.code, `${place}: ${error.message}`, { errors, line, rule, cause: error });
  }
  if (!(error instanceof EventError)) return error;
  const { path, expected, got, rule } = error;
  const errors = [{ path: line === undefined ? pointer(position, path) : path, expected, got }];
  return new IntakeError(error.code, `${place}: ${error.message}`, { errors, line, rule, cause: error });
}
