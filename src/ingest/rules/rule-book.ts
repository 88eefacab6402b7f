/**
 * The rules of every ledger, kept in the store. A change is durable first; then it holds, and in the same moment the event about it
 * joins the ledger's queue, so that what stands before that event was taken by the rules before, and what stands behind it by the
 * new ones. What was looked at by rules that do not hold any more is not recorded; it is to be sent again.
 *
 *   put ──durable, untold──▶ holds, its event waits ──recorded──▶ told
 *          │ if we crash here, or the event is not taken: it holds, and is told with the next start or change
 * Why: docs/decisions/0157.
 */

import { EventError, pointer } from "../../entry/event-error.ts";
import type { Condition, Health } from "../../health.ts";
import { canonicalJson } from "../../json/canonical.ts";
import type { Author, OwnEvent, Recording } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { Turn } from "../../store/mutex.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import { checkSchema } from "./compiled-schemas.ts";
import { requirementsEvent, schemaEvent } from "./rule-events.ts";
import {
  type KeptRequirements,
  type KeptSchema,
  REQUIREMENTS_SPACE,
  readRequirements,
  readSchema,
  requirementsWrite,
  schemaSpace,
  schemaWrite,
} from "./rule-records.ts";
import { digestOf, type Requirement, type RuleSet, ruleSetOf, type SchemaDocument } from "./rule-set.ts";
import { ViolationCounts } from "./violation-counts.ts";

/** Of one ledger. */
const SCHEMAS_MAX = 256;

/** A ledger whose rules are kept. */
export type RuledLedger = {
  readonly record: { readonly id: Hex; readonly name: string };
  append(event: OwnEvent): Promise<unknown>;
};

/** The rules changed while a request was looked at; nothing of it was recorded. */
class RulesChangedError extends Error {
  override readonly name = "RulesChangedError";
  readonly code = "rules_changed";
  readonly retryAfterS = 1;
}

export type RuleBookOptions = Recording & {
  readonly store: Pick<Store, "records" | "record" | "writeRecords">;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly health?: Health;
};

/** Rules that a ledger does not have yet: more schemas, and requirements in the place of its own. */
export type ProposedRules = {
  readonly schemas?: Readonly<Record<string, unknown>>;
  readonly requirements?: readonly Requirement[] | undefined;
};

type Rules = {
  schemas: Map<string, KeptSchema>;
  requirements: KeptRequirements | undefined;
  set: RuleSet | undefined;
  /** While schemas are written: nobody begins to use one meanwhile. */
  writing: Promise<void> | undefined;
};

const DAMAGED: Condition = {
  code: "rules_damaged",
  detail: "a schema or the requirements of a ledger cannot be read and do not hold: put them again, and run an audit",
};

export class RuleBook {
  readonly #options: RuleBookOptions;
  readonly #byLedger = new Map<Hex, Rules>();
  readonly #turn = new Turn();
  /** How often which rule was not kept. */
  readonly violations: ViolationCounts;

  constructor(options: RuleBookOptions) {
    this.#options = options;
    this.violations = new ViolationCounts(() => this.#now());
  }

  /** Reads the rules of a ledger, and tells it those that it was not told. Before anybody sends to it. */
  async follow(ledger: RuledLedger): Promise<void> {
    const { store, health } = this.#options;
    const { id } = ledger.record;
    let damage: unknown;
    const onDamaged = (_: string, error: unknown): void => {
      damage = error;
    };
    const schemas = new Map<string, KeptSchema>();
    for await (const [name, value] of store.records(schemaSpace(id), { onDamaged })) {
      schemas.set(name, readSchema(value));
    }
    let requirements: KeptRequirements | undefined;
    for await (const [, value] of store.records(REQUIREMENTS_SPACE, { gte: id, lte: id, onDamaged })) {
      requirements = readRequirements(value);
    }
    health?.report(`rules/${id}`, damage === undefined ? undefined : DAMAGED, damage);
    this.#byLedger.set(id, { schemas, requirements, set: this.#setOf(schemas, requirements), writing: undefined });
    // Nobody waits for it; what cannot be told now is told with the next change.
    void this.#tellAll(ledger).catch(() => undefined);
  }

  /** What a ledger demands now; undefined when that is nothing. */
  of(ledgerId: Hex): RuleSet | undefined {
    return this.#byLedger.get(ledgerId)?.set;
  }

  /** The schemas of a ledger by their names. */
  schemas(ledgerId: Hex): KeptSchema[] {
    const { schemas } = this.#rules(ledgerId);
    return [...schemas.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws EventError schema_unknown */
  schema(ledgerId: Hex, name: string): KeptSchema {
    const found = this.#rules(ledgerId).schemas.get(name);
    if (found === undefined) throw unknownSchema(name);
    return found;
  }

  requirements(ledgerId: Hex): KeptRequirements | undefined {
    return this.#rules(ledgerId).requirements;
  }

  /**
   * Lets through what was looked at by these rules, or says that it has to wait, and ask again. Whoever appends does so
   * at once when this returns undefined.
   * @param schemas those of the ledger that its events name
   * @throws RulesChangedError
   */
  admit(ledgerId: Hex, rules: RuleSet | undefined, schemas: readonly string[] = []): Promise<void> | undefined {
    if (this.of(ledgerId)?.digest !== rules?.digest) {
      const message = "expected rules that hold until the request is recorded, but they were changed: send it again";
      throw new RulesChangedError(message);
    }
    if (schemas.length === 0) return undefined;
    const kept = this.#rules(ledgerId);
    if (kept.writing !== undefined) return kept.writing;
    const unused = schemas.flatMap((name) => kept.schemas.get(name) ?? []).filter(({ isUsed }) => !isUsed);
    return unused.length === 0 ? undefined : this.#markUsed(ledgerId, kept, unused);
  }

  /**
   * Puts a schema, durably, and tells the ledger. One that is there already stays as it is.
   * @throws EventError schema_invalid, schema_in_use, schemas_max
   */
  putSchema(
    ledger: RuledLedger,
    name: string,
    document: unknown,
    author: Author,
  ): Promise<{ readonly isNew: boolean; readonly schema: KeptSchema }> {
    return this.#turn.take(async () => {
      const { id } = ledger.record;
      const kept = this.#rules(id);
      const before = kept.schemas.get(name);
      const others = documentsOf(kept.schemas);
      const references = checkSchema(name, document, others);
      const digest = digestOf(this.#options.hash, document);
      if (before !== undefined && before.digest === digest) {
        await this.#tellAll(ledger);
        return { isNew: false, schema: kept.schemas.get(name) ?? before };
      }
      while (kept.writing !== undefined) await kept.writing;
      if (kept.schemas.get(name)?.isUsed === true) throw inUse(name);
      if (before === undefined && kept.schemas.size >= SCHEMAS_MAX) throw tooMany();
      const schema: KeptSchema = {
        ...author,
        name,
        document: document as SchemaDocument,
        digest,
        putAt: this.#now(),
        isUsed: false,
        isTold: false,
        ...(before !== undefined && { replaces: before.digest }),
      };
      const changed = [schema, ...usedOf(kept, references)];
      const writes = changed.map((each) => schemaWrite(id, each));
      await this.#change(ledger, kept, writes, () => {
        for (const each of changed) kept.schemas.set(each.name, each);
      });
      return { isNew: true, schema: kept.schemas.get(name) ?? schema };
    });
  }

  /**
   * Puts the requirements of a ledger, durably, and tells it; the same ones again change nothing.
   * @param version of those that whoever puts them has seen: others that came meanwhile are not replaced unseen
   * @throws EventError schema_unknown when one names a schema that the ledger does not have; requirements_changed
   */
  putRequirements(
    ledger: RuledLedger,
    requirements: readonly Requirement[],
    author: Author,
    version?: number,
  ): Promise<KeptRequirements> {
    return this.#turn.take(async () => {
      const { id } = ledger.record;
      const kept = this.#rules(id);
      const names = requirements.flatMap(({ schema }) => schema ?? []);
      for (const name of names) this.schema(id, name);
      const before = kept.requirements;
      const isSame = canonicalJson(before?.requirements ?? []) === canonicalJson(requirements);
      if (before !== undefined && isSame) {
        await this.#tellAll(ledger);
        return kept.requirements ?? before;
      }
      requireVersion(version, before?.version ?? 0);
      const made: KeptRequirements = {
        ...author,
        requirements,
        before: before?.requirements ?? [],
        version: (before?.version ?? 0) + 1,
        digest: digestOf(this.#options.hash, requirements),
        putAt: this.#now(),
        isTold: false,
        ...(before !== undefined && { replaces: before.digest }),
      };
      while (kept.writing !== undefined) await kept.writing;
      const used = usedOf(kept, names);
      const writes = [requirementsWrite(id, made), ...used.map((each) => schemaWrite(id, each))];
      await this.#change(ledger, kept, writes, () => {
        for (const each of used) kept.schemas.set(each.name, each);
        kept.requirements = made;
      });
      return kept.requirements ?? made;
    });
  }

  /**
   * The rules that a ledger would have, checked as when they are put; nothing is changed.
   * @param requirements those that it has when absent
   * @throws EventError schema_invalid, schema_in_use, schemas_max, schema_unknown
   */
  proposed(ledgerId: Hex, { schemas = {}, requirements }: ProposedRules): RuleSet | undefined {
    const kept = this.#rules(ledgerId);
    const documents = documentsOf(kept.schemas);
    for (const [name, document] of Object.entries(schemas)) {
      checkProposed(name, document, documents);
      const before = kept.schemas.get(name);
      if (before?.isUsed === true && before.digest !== digestOf(this.#options.hash, document)) throw inUse(name);
      if (before === undefined && Object.keys(documents).length >= SCHEMAS_MAX) throw tooMany();
      documents[name] = document as SchemaDocument;
    }
    const demanded = requirements ?? kept.requirements?.requirements ?? [];
    for (const { schema } of demanded) {
      if (schema !== undefined && !Object.hasOwn(documents, schema)) throw unknownSchema(schema);
    }
    return ruleSetOf(this.#options.hash, documents, demanded);
  }

  #rules(ledgerId: Hex): Rules {
    const found = this.#byLedger.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }

  #setOf(schemas: ReadonlyMap<string, KeptSchema>, requirements: KeptRequirements | undefined): RuleSet | undefined {
    return ruleSetOf(this.#options.hash, documentsOf(schemas), requirements?.requirements ?? []);
  }

  #markUsed(ledgerId: Hex, kept: Rules, unused: readonly KeptSchema[]): Promise<void> {
    const used = unused.map((schema) => ({ ...schema, isUsed: true }));
    const writes = used.map((each) => schemaWrite(ledgerId, each));
    return this.#write(kept, writes, () => {
      for (const each of used) kept.schemas.set(each.name, each);
    });
  }

  /** Makes a change durable; then it holds and is told, both before anybody else's turn. */
  async #change(ledger: RuledLedger, kept: Rules, writes: readonly RecordWrite[], apply: () => void): Promise<void> {
    let told: Promise<void> | undefined;
    await this.#write(kept, writes, () => {
      apply();
      kept.set = this.#setOf(kept.schemas, kept.requirements);
      told = this.#tellAll(ledger);
    });
    await told;
  }

  /** Records the events of what was not told yet. They join the queue before anything waits. */
  async #tellAll(ledger: RuledLedger): Promise<void> {
    const { id, name: ledgerName } = ledger.record;
    const kept = this.#rules(id);
    const { requirements } = kept;
    const schemas = [...kept.schemas.values()].filter(({ isTold }) => !isTold);
    const untold = requirements === undefined || requirements.isTold ? undefined : requirements;
    if (schemas.length === 0 && untold === undefined) return;
    const events = schemas.map((schema) => schemaEvent(this.#options, schema));
    if (untold !== undefined) events.push(requirementsEvent(this.#options, ledgerName, untold));
    await Promise.all(events.map((event) => ledger.append(event)));
    for (const { name } of schemas) {
      const now = kept.schemas.get(name);
      if (now !== undefined) kept.schemas.set(name, { ...now, isTold: true });
    }
    if (untold !== undefined) kept.requirements = { ...untold, isTold: true };
    const writes = schemas.flatMap(({ name }) => kept.schemas.get(name) ?? []).map((each) => schemaWrite(id, each));
    if (kept.requirements?.isTold === true && untold !== undefined)
      writes.push(requirementsWrite(id, kept.requirements));
    // If this is lost the events are made again, and known again.
    await this.#options.store.writeRecords(writes, { durable: false });
  }

  /** @param apply what becomes so when it is durable, before whoever waits goes on */
  #write(kept: Rules, writes: readonly RecordWrite[], apply: () => void): Promise<void> {
    const { store } = this.#options;
    kept.writing = store
      .writeRecords(writes, { durable: true })
      .then(apply)
      .finally(() => {
        kept.writing = undefined;
      });
    return kept.writing;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function documentsOf(schemas: ReadonlyMap<string, KeptSchema>): Record<string, SchemaDocument> {
  return Object.fromEntries([...schemas].map(([name, { document }]) => [name, document]));
}

/** Of the schemas with these names those that nobody used before, as used. */
function usedOf({ schemas }: Rules, names: readonly string[]): KeptSchema[] {
  return [...new Set(names)]
    .flatMap((name) => schemas.get(name) ?? [])
    .filter(({ isUsed }) => !isUsed)
    .map((schema) => ({ ...schema, isUsed: true }));
}

function unknownSchema(name: string): EventError {
  return new EventError("schema_unknown", "", "the name@version of a schema of this ledger", JSON.stringify(name));
}

function tooMany(): EventError {
  return new EventError("schemas_max", "", `at most ${SCHEMAS_MAX} schemas in a ledger`, "one more");
}

/** @throws EventError requirements_changed */
function requireVersion(seen: number | undefined, version: number): void {
  if (seen === undefined || seen === version) return;
  const expected = `version ${version}, which the requirements of the ledger have: read them again, and change those`;
  throw new EventError("requirements_changed", "/version", expected, String(seen));
}

/** @throws EventError schema_invalid, with the place in what is proposed */
function checkProposed(name: string, document: unknown, others: RuleSet["schemas"]): void {
  try {
    checkSchema(name, document, others);
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    throw new EventError(error.code, pointer("schemas", pointer(name, error.path)), error.expected, error.got);
  }
}

function inUse(name: string): EventError {
  const expected = `the document that ${name} has, or another version: it is used, so it does not change any more`;
  return new EventError("schema_in_use", "", expected, "another document");
}
