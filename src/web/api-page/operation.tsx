/** One operation: what it is for, who may, what it answers; and trying it. */

import { useState } from "preact/hooks";
import { type ApiDescription, type ListedOperation, wordsFor } from "./description.ts";
import { ExampleView } from "./example-view.tsx";
import { SchemaView } from "./schema-view.tsx";
import { TryIt } from "./try-it.tsx";
import { Worded } from "./worded.tsx";

type Props = { readonly listed: ListedOperation; readonly description: ApiDescription; readonly apiKey: string };

export function OperationCard({ listed, description, apiKey }: Props) {
  const { method, path, operation } = listed;
  const [isOpen, setOpen] = useState(location.hash === `#${operation.operationId}`);
  return (
    <details
      class="card operation"
      id={operation.operationId}
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <span class={`method ${method}`}>{method.toUpperCase()}</span>
        <span class="mono path">{path}</span>
        <span class="muted small">
          <Worded text={operation.summary} />
        </span>
      </summary>
      {isOpen ? <Inside listed={listed} description={description} apiKey={apiKey} /> : null}
    </details>
  );
}

function Inside({ listed, description, apiKey }: Props) {
  const { operation } = listed;
  const { schemas, securitySchemes } = description.components;
  const names = operation.security.flatMap((each) => Object.keys(each));
  const isPublic = operation.security.some((each) => Object.keys(each).length === 0);
  return (
    <div class="stack inside">
      <dl class="facts">
        <dt>Key</dt>
        <dd>
          {operation.security.length === 0 ? "None besides what the path has." : ""}
          {isPublic ? "None, except for a ledger whose name must not be guessed. " : ""}
          {operation.description ?? ""}
          {names.length > 1 ? (
            <ul class="small muted">
              {names.map((name) => (
                <li key={name}>
                  <span class="mono">{securitySchemes[name]?.name ?? name}</span>: {securitySchemes[name]?.description}
                </li>
              ))}
            </ul>
          ) : null}
        </dd>
        <dt>Name</dt>
        <dd>
          <a href={`#${operation.operationId}`}>{operation.operationId}</a>
        </dd>
      </dl>
      {operation.requestBody === undefined ? null : (
        <section class="stack tight">
          <h3>Body</h3>
          <p class="small muted">{operation.requestBody.description}</p>
          <Contents content={operation.requestBody.content} schemas={schemas} />
        </section>
      )}
      <section class="stack tight">
        <h3>Answers</h3>
        <dl class="answers">
          {Object.entries(operation.responses).map(([status, { description: words, content = {}, headers = {} }]) => (
            <div key={status}>
              <dt class="mono">{status}</dt>
              <dd>
                <p class="small">{words}</p>
                {Number(status) < 400 ? <Contents content={content} schemas={schemas} /> : null}
                {Object.entries(headers).map(([name, header]) => (
                  <p class="small muted" key={name}>
                    <span class="mono">{name}</span>: {header.description}
                  </p>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <section class="stack tight">
        <h3>Try it</h3>
        <TryIt listed={listed} apiKey={apiKey} />
      </section>
    </div>
  );
}

type ContentsProps = {
  readonly content: NonNullable<ListedOperation["operation"]["requestBody"]>["content"];
  readonly schemas: ApiDescription["components"]["schemas"];
};

function Contents({ content, schemas }: ContentsProps) {
  return (
    <div class="stack tight">
      {Object.entries(content).map(([type, { schema, examples = {} }]) => (
        <div key={`${type} ${wordsFor(schema)}`}>
          <span class="small muted">{type}</span>
          <SchemaView schema={schema} schemas={schemas} />
          {Object.entries(examples).map(([name, { value }]) => (
            <ExampleView key={name} name={name} value={value} />
          ))}
        </div>
      ))}
    </div>
  );
}
