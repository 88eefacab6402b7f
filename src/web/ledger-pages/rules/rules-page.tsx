/** Rules: what the ledger demands of its events, and changing that. The address says which part of it: ?edit, ?add, ?schema=…. */

import { useState } from "preact/hooks";
import { Loading } from "../../parts/loading.tsx";
import { useNow } from "../../parts/now.ts";
import { FramedText } from "../../parts/text/long-text.tsx";
import { When } from "../../parts/when.tsx";
import type { LedgerAnswer } from "../answers.ts";
import { isRefusal, ledgerPath } from "../client.ts";
import { ProblemPage } from "../frame/problem-page.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { useMay, useReadOnly } from "../live/own-key.ts";
import { usePath } from "../live/polling.ts";
import { useReach } from "../live/service-reachable.tsx";
import type { Route } from "../route.ts";
import { goTo } from "../router.ts";
import { useSession } from "../session.tsx";
import { type RequirementsAnswer, rulesHref, type SchemaAnswer, type ViolationsAnswer } from "./rule-answers.ts";
import { RuleForm } from "./rule-form.tsx";
import { RequirementTable, SchemaTable } from "./rule-tables.tsx";

const RULES_MS = 5000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}@[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

type Props = { readonly route: Route; readonly ledger: LedgerAnswer };
type Rules = {
  readonly requirements: RequirementsAnswer;
  readonly schemas: readonly SchemaAnswer[];
  readonly found: ViolationsAnswer;
};

export function RulesPage({ route, ledger: { name } }: Props) {
  const { isLost, lastAt } = useReach();
  const isReadOnly = useReadOnly();
  const clock = useNow(1000);
  const requirements = usePath<RequirementsAnswer>(ledgerPath(name, "/requirements"), RULES_MS);
  const schemas = usePath<{ readonly schemas: readonly SchemaAnswer[] }>(ledgerPath(name, "/schemas"), RULES_MS);
  const found = usePath<ViolationsAnswer>(ledgerPath(name, "/violations"), RULES_MS);
  const error = requirements.error ?? schemas.error ?? found.error;
  if (requirements.value === undefined || schemas.value === undefined || found.value === undefined) {
    if (error === undefined || isLost) return <Loading what="the rules" />;
    return isRefusal(error) ? <ProblemPage route={route} error={error} /> : <Trouble error={error} />;
  }
  const rules = { requirements: requirements.value, schemas: schemas.value.schemas, found: found.value };
  const done = () => {
    requirements.reload();
    schemas.reload();
    goTo({ ledger: name, page: "rules" });
  };
  if (!isReadOnly && route.query.has("edit"))
    return <EditRequirements ledger={name} before={rules.requirements} onDone={done} />;
  if (!isReadOnly && route.query.has("add")) return <AddSchema ledger={name} schemas={rules.schemas} onDone={done} />;
  const shown = route.query.get("schema");
  if (shown !== null) return <OneSchema key={shown} ledger={name} name={shown} />;
  return (
    <div class="stack">
      <Trouble error={error} />
      <All ledger={name} rules={rules} now={isLost && lastAt !== undefined ? lastAt : clock} />
    </div>
  );
}

type AllProps = { readonly ledger: string; readonly rules: Rules; readonly now: number };

function All({ ledger, rules, now }: AllProps) {
  const may = useMay("rulesWrite");
  const { requirements, schemas, found } = rules;
  const { violations, since } = found;
  return (
    <>
      <section class="card">
        <div class="row between">
          <h2>What is demanded of events</h2>
          {may === true ? (
            <a class="button" href={rulesHref(ledger, { edit: "" })}>
              Change the requirements
            </a>
          ) : null}
        </div>
        {requirements.requirements.length === 0 ? (
          <p class="muted">Nothing: every event is welcome as it is.</p>
        ) : (
          <RequirementTable
            ledger={ledger}
            requirements={requirements.requirements}
            violations={violations}
            now={now}
          />
        )}
        {requirements.putAt === undefined ? null : (
          <p class="muted small after">
            Version {requirements.version}, put by {requirements.source} at <When ms={requirements.putAt} zone />. A
            native event that is not so is refused, a foreign one quarantined.
          </p>
        )}
      </section>
      <section class="card">
        <div class="row between">
          <h2>Schemas</h2>
          {may === true ? (
            <a class="button" href={rulesHref(ledger, { add: "" })}>
              Add a schema
            </a>
          ) : null}
        </div>
        {schemas.length === 0 ? (
          <p class="muted">None. An event that names a schema of the ledger has to satisfy it.</p>
        ) : (
          <SchemaTable ledger={ledger} schemas={schemas} violations={violations} now={now} />
        )}
      </section>
      <p class="muted small">
        What was not kept is counted since the service started, <When ms={since} zone />.
        {may === false ? " Changing rules needs an administrator’s key." : ""}
      </p>
    </>
  );
}

function OneSchema({ ledger, name }: { readonly ledger: string; readonly name: string }) {
  const schema = usePath<SchemaAnswer>(ledgerPath(ledger, `/schemas/${encodeURIComponent(name)}`), RULES_MS);
  const { value, error } = schema;
  return (
    <div class="stack">
      <p>
        <a class="button small" href={rulesHref(ledger)}>
          All rules
        </a>
      </p>
      <h1>{name}</h1>
      <Trouble error={error} />
      {value === undefined ? (
        error === undefined ? (
          <Loading what="the schema" />
        ) : null
      ) : (
        <section class="card stack tight">
          <p>
            Put by {value.source} at <When ms={value.putAt} zone />.{" "}
            {value.isUsed
              ? "It is used, so it does not change any more: what changes is a new version."
              : "Nothing uses it yet, so it can still be replaced."}
          </p>
          <p class="small">
            Digest <code>{value.digest}</code>
          </p>
          <FramedText text={JSON.stringify(value.document)} what="the schema" />
        </section>
      )}
    </div>
  );
}

type EditProps = { readonly ledger: string; readonly before: RequirementsAnswer; readonly onDone: () => void };

function EditRequirements({ ledger, before, onDone }: EditProps) {
  const { client } = useSession();
  // What others put while somebody writes does not take the text away; the service then refuses to put it.
  const [first] = useState(before);
  return (
    <RuleForm
      ledger={ledger}
      title="What is demanded of events"
      about="All requirements, as a list in JSON: each has a name, and says of which actions and formats it is, which members must be there, and which schema."
      label="Requirements"
      before={JSON.stringify(first.requirements.length === 0 ? EXAMPLE : first.requirements, undefined, 2)}
      proposed={(requirements) => ({ requirements })}
      put={(requirements) => client.put(ledgerPath(ledger, "/requirements"), { requirements, version: first.version })}
      onDone={onDone}
      command={`npx holdfast requirements put requirements.json \\\n  --ledger ${ledger}`}
    />
  );
}

const EXAMPLE = [{ name: "where from", actions: ["user.*"], members: ["context.ip", "outcome"] }];
const FIRST_SCHEMA = {
  required: ["metadata"],
  properties: { metadata: { required: ["amount"], properties: { amount: { type: "integer", minimum: 1 } } } },
};

type AddProps = { readonly ledger: string; readonly schemas: readonly SchemaAnswer[]; readonly onDone: () => void };

function AddSchema({ ledger, schemas, onDone }: AddProps) {
  const { client } = useSession();
  const [name, setName] = useState("");
  const isNamed = NAME.test(name);
  const before = schemas.find((each) => each.name === name);
  const hint = before === undefined ? "A name and a version, such as payment@1." : takenHint(before);
  return (
    <RuleForm
      ledger={ledger}
      title="Add a schema"
      about="A JSON Schema, draft 2020-12, that an event which names it has to satisfy. Once something uses it, it never changes."
      label="Schema"
      before={JSON.stringify(FIRST_SCHEMA, undefined, 2)}
      proposed={(document) => ({ schemas: { [name]: document } })}
      put={(document) => client.put(ledgerPath(ledger, `/schemas/${encodeURIComponent(name)}`), document)}
      onDone={onDone}
      command={`npx holdfast schemas put ${isNamed ? name : "payment@1"} schema.json \\\n  --ledger ${ledger}`}
      missing={isNamed ? undefined : "It needs a name and a version first."}
      besides={name}
    >
      <div class="field source-form">
        <label for="schema-name">Name and version</label>
        <input
          id="schema-name"
          class="input"
          required
          autocomplete="off"
          spellcheck={false}
          placeholder="payment@1"
          value={name}
          onInput={(event) => setName(event.currentTarget.value.trim())}
          aria-describedby="schema-name-hint"
        />
        <span class={before === undefined ? "hint" : "hint warn"} id="schema-name-hint">
          {hint}
        </span>
      </div>
    </RuleForm>
  );
}

function takenHint({ isUsed }: SchemaAnswer): string {
  return isUsed ? "It is there and used: take the next version." : "It is there, unused: this would take its place.";
}
