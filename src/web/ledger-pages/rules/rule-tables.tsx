/** What a ledger demands, as tables: its requirements, and its schemas with their versions and use. */

import { Mark } from "../../parts/mark.tsx";
import { Ago } from "../../parts/when.tsx";
import { type RequirementAnswer, rulesHref, type SchemaAnswer, type ViolationAnswer } from "./rule-answers.ts";
import { NotKept } from "./violation-words.tsx";

type Common = { readonly ledger: string; readonly violations: readonly ViolationAnswer[]; readonly now: number };

function Names({ names, all }: { readonly names: readonly string[] | undefined; readonly all: string }) {
  if (names === undefined) return <span class="muted">{all}</span>;
  return (
    <span>
      {names.map((name, i) => (
        <span key={name}>
          {i === 0 ? null : ", "}
          <code>{name}</code>
        </span>
      ))}
    </span>
  );
}

function Asked({ ledger, of }: { readonly ledger: string; readonly of: RequirementAnswer }) {
  const { members = [], schema, knownSchema } = of;
  return (
    <span>
      {members.length === 0 ? null : <Names names={members} all="" />}
      {members.length > 0 && schema !== undefined ? "; " : null}
      {schema === undefined ? null : (
        <>
          schema <a href={rulesHref(ledger, { schema })}>{schema}</a>
        </>
      )}
      {knownSchema === true ? `${members.length > 0 || schema !== undefined ? "; " : ""}a schema of this ledger` : null}
    </span>
  );
}

type RequirementsProps = Common & { readonly requirements: readonly RequirementAnswer[] };

export function RequirementTable({ ledger, requirements, violations, now }: RequirementsProps) {
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Requirement</th>
            <th>Of actions</th>
            <th>Of formats</th>
            <th>Asks for</th>
            <th>Not met lately</th>
          </tr>
        </thead>
        <tbody>
          {requirements.map((each) => (
            <tr key={each.name}>
              <td data-label="Requirement">
                <b>{each.name}</b>
              </td>
              <td data-label="Of actions">
                <Names names={each.actions} all="all" />
              </td>
              <td data-label="Of formats">
                <Names names={each.formats} all="all" />
              </td>
              <td data-label="Asks for">
                <Asked ledger={ledger} of={each} />
              </td>
              <td data-label="Not met lately">
                <NotKept counts={violations.filter(({ requirement }) => requirement === each.name)} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type SchemasProps = Common & { readonly schemas: readonly SchemaAnswer[] };

export function SchemaTable({ ledger, schemas, violations, now }: SchemasProps) {
  return (
    <div class="stacking">
      <table class="cards">
        <thead>
          <tr>
            <th>Schema</th>
            <th>Use</th>
            <th>Put</th>
            <th>Not satisfied lately</th>
          </tr>
        </thead>
        <tbody>
          {schemas.map(({ name, isUsed, putAt, source }) => (
            <tr key={name}>
              <td data-label="Schema">
                <span>
                  <a href={rulesHref(ledger, { schema: name })}>
                    <b>{name}</b>
                  </a>
                </span>
              </td>
              <td data-label="Use">
                {isUsed ? (
                  <span title="It does not change any more: what changes is a new version">
                    <Mark kind="good">used</Mark>
                  </span>
                ) : (
                  <Mark kind="none">not used yet</Mark>
                )}
              </td>
              <td data-label="Put">
                <span>
                  <Ago ms={putAt} now={now} /> by {source}
                </span>
              </td>
              <td data-label="Not satisfied">
                <NotKept counts={violations.filter(({ schema }) => schema === name)} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
