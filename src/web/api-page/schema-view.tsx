/** A schema as people read it: members with what they may be, those of named schemas folded until they are wanted. */

import { useState } from "preact/hooks";
import { type ApiDescription, type DescribedSchema, nameOfReference, wordsFor } from "./description.ts";

type Schemas = ApiDescription["components"]["schemas"];
type Props = { readonly schema: DescribedSchema; readonly schemas: Schemas };

export function SchemaView({ schema, schemas }: Props) {
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) {
    return (
      <div class="stack tight">
        {several.map((each) => (
          <SchemaView key={wordsFor(each)} schema={each} schemas={schemas} />
        ))}
      </div>
    );
  }
  const inside = insideOf(schema);
  if (inside === undefined) return <p class="small mono">{wordsFor(schema)}</p>;
  return <Fold words={wordsFor(schema)} inside={inside} schemas={schemas} />;
}

/** What there is to unfold of a schema: a named one, members, or those of what a list has. */
function insideOf(schema: DescribedSchema): DescribedSchema | undefined {
  if (schema.$ref !== undefined || schema.properties !== undefined) return schema;
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) return schema;
  return schema.items === undefined ? undefined : insideOf(schema.items);
}

type FoldProps = { readonly words: string; readonly inside: DescribedSchema; readonly schemas: Schemas };

/** Drawn when it is opened: schemas may name each other. */
function Fold({ words, inside, schemas }: FoldProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="schema" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="mono">{words}</summary>
      {isOpen ? <Inside schema={inside} schemas={schemas} /> : null}
    </details>
  );
}

function Inside({ schema, schemas }: Props) {
  const name = nameOfReference(schema);
  const named = name === undefined ? schema : (schemas[name] ?? {});
  if (named.properties === undefined) return <SchemaView schema={named} schemas={schemas} />;
  return (
    <dl class="members">
      {Object.entries(named.properties).map(([member, of]) => (
        <div key={member}>
          <dt class="mono">
            {member}
            {named.required?.includes(member) ? <span class="muted"> required</span> : null}
          </dt>
          <dd>
            <SchemaView schema={of} schemas={schemas} />
            {of.description === undefined ? null : <p class="small muted">{of.description}</p>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
