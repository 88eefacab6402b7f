/**
 * The page of the API: every operation of the published description, to read and to try. The key that is typed here is kept
 * by the page alone, and is gone when it is reloaded.
 * Why: docs/decisions/0184.
 */

import { useEffect, useState } from "preact/hooks";
import { readJson } from "../../json/read.ts";
import { Loading } from "../parts/loading.tsx";
import { Logo } from "../parts/logo.tsx";
import { Mark } from "../parts/mark.tsx";
import { ThemeButton } from "../parts/theme.tsx";
import { type ApiDescription, groupsOf } from "./description.ts";
import { OperationCard } from "./operation.tsx";
import { Worded } from "./worded.tsx";

/** The description, or why there is none. */
function useDescription(): ApiDescription | string | undefined {
  const [got, setGot] = useState<ApiDescription | string | undefined>(undefined);
  useEffect(() => {
    const load = async (): Promise<ApiDescription> => {
      const response = await fetch(new URL("openapi.json", location.href));
      if (!response.ok) throw new Error(`the service answered ${response.status}`);
      return readJson(await response.text()) as ApiDescription;
    };
    load().then(setGot, () =>
      setGot("The description could not be loaded: the service does not answer. Reload to try again."),
    );
  }, []);
  return got;
}

export function ApiPage() {
  const got = useDescription();
  return (
    <div class="page">
      <header class="bar">
        <a class="home" href="./" aria-label="Holdfast, overview">
          <Logo />
        </a>
        <span class="bar-title">API</span>
        <span class="bar-end">
          <a class="button quiet" href="openapi.json">
            openapi.json
          </a>
          <ThemeButton />
        </span>
      </header>
      <main>
        {got === undefined ? <Loading what="the description" /> : null}
        {typeof got === "string" ? <Mark kind="bad">{got}</Mark> : null}
        {typeof got === "object" ? <Operations description={got} /> : null}
      </main>
    </div>
  );
}

function Operations({ description }: { readonly description: ApiDescription }) {
  const [apiKey, setApiKey] = useState("");
  const [wanted, setWanted] = useState("");
  const groups = groupsOf(description, wanted);
  useEffect(() => {
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, []);
  return (
    <div class="stack">
      <div class="lead">
        <h1>The API of this service</h1>
        <p class="muted small">
          {description.info.title} {description.info.version}. <Worded text={description.info.description} />
        </p>
      </div>
      <div class="row end">
        <div class="field grow">
          <label for="key">API key, kept by this page until it is left</label>
          <input
            class="input"
            id="key"
            type="password"
            autocomplete="off"
            value={apiKey}
            onInput={(event) => setApiKey(event.currentTarget.value.trim())}
          />
        </div>
        <div class="field grow">
          <label for="wanted">Find an operation</label>
          <input
            class="input"
            id="wanted"
            type="search"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </div>
      </div>
      {groups.length === 0 ? <p class="empty">No operation has “{wanted}” in its path, name or summary.</p> : null}
      {groups.map(({ name, operations }) => (
        <section class="stack tight" key={name}>
          <h2>{name}</h2>
          {operations.map((listed) => (
            <OperationCard
              key={listed.operation.operationId}
              listed={listed}
              description={description}
              apiKey={apiKey}
            />
          ))}
        </section>
      ))}
    </div>
  );
}
