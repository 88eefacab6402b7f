/**
 * What must not be recorded of an audit event of Kubernetes: the objects of requests and answers about secrets, config
 * maps and tokens, and what an answer quotes of them. It is cut out of the exact text, which otherwise stays as it came.
 * Why: docs/decisions/0146.
 */

import { asObject, type JsonObject } from "../../text/foreign-values.ts";
import { jsonMembers } from "../../text/json-values.ts";

/** Annotations with what an admission webhook changed, values included. */
const PATCHES = "patch.webhook.admission.k8s.io/";
/** What stands where an object was. */
const REDACTED = '"[redacted]"';
const OBJECT_NAMES = new Set(["requestobject", "responseobject"]);
const STATUS_NAME = "responsestatus";
/** Answers of these statuses quote what they could not read or would not take, in these members. */
const QUOTING: readonly unknown[] = [400, 422];
const QUOTES = new Set(["message", "details"]);
/** Resources, in lower case, whose objects hold what lets somebody in. */
const RESOURCES = new Set(["secrets", "configmaps", "tokenreviews", "tokenrequests"]);
/** A token of a service account is a subresource of it, where one is asked for. */
const SUBRESOURCES = new Set(["serviceaccounts/token"]);
/** Kinds of objects of the same, wherever they stand. */
const KINDS = new Set(["secret", "configmap", "tokenreview", "tokenrequest"]);
/** Some spelling of the name of a member with an object, or such an object itself; what is no event is searched for it. */
const MENTIONS_OBJECT = /(?:request|response)object|\\u00|"kind"\s*:\s*"(?:secret|configmap|tokenre)/i;

/** A text without what must not be recorded, and where that was (JSON pointers, RFC 6901). */
export type RedactedText = { readonly text: string; readonly paths: readonly string[] };

/** Whether an event holds something that must not be recorded. */
export function isSensitive(event: JsonObject): boolean {
  const names = Object.keys(event);
  const objects = names.filter((name) => OBJECT_NAMES.has(name.toLowerCase()));
  if (objects.some((name) => isSensitiveObject(event[name]))) return true;
  const mayHold = objects.length > 0 || isQuoting(event.responseStatus) || isPatched(event.annotations);
  return mayHold && isAboutSecrets(event);
}

/** The text of a sensitive event; undefined when it is not parted into its members, and so nothing can be cut out of it. */
export function redact(text: string): RedactedText | undefined {
  return cut(text, "", (name) => {
    if (OBJECT_NAMES.has(name)) return "all";
    if (name === "annotations") return (inner) => (inner.startsWith(PATCHES) ? "all" : "nothing");
    return name === STATUS_NAME ? (inner) => (QUOTES.has(inner) ? "all" : "nothing") : "nothing";
  });
}

type Cut = "all" | "nothing" | ((name: string) => Cut);

/** Cuts values of members out of the text of an object. @param howMuch of the member of a name, in lower case */
function cut(text: string, path: string, howMuch: (name: string) => Cut): RedactedText | undefined {
  const members = jsonMembers(text);
  if (members === undefined) return undefined;
  const paths: string[] = [];
  let redacted = "";
  let from = 0;
  for (const { name, start, end } of members) {
    const much = howMuch(name.toLowerCase());
    const value = text.slice(start, end);
    if (much === "nothing" || value === "null") continue;
    const at = `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const part: RedactedText = { text: REDACTED, paths: [at] };
    const made = much === "all" ? part : (cut(value, at, much) ?? part);
    redacted += text.slice(from, start) + made.text;
    from = end;
    paths.push(...made.paths);
  }
  return { text: redacted + text.slice(from), paths };
}

/** Whether a text of which nothing can be made may hold the object of a request. */
export function mayHoldObjects(text: string): boolean {
  return MENTIONS_OBJECT.test(text);
}

function isAboutSecrets(event: JsonObject): boolean {
  const { resource, subresource } = asObject(event.objectRef) ?? {};
  if (isSensitiveResource(lower(resource), lower(subresource))) return true;
  const [path = ""] = lower(event.requestURI).split("?");
  return path.split("/").some((step, i, steps) => isSensitiveResource(step, steps[i + 2]));
}

function isQuoting(status: unknown): boolean {
  return QUOTING.includes(asObject(status)?.code);
}

function isPatched(annotations: unknown): boolean {
  return Object.keys(asObject(annotations) ?? {}).some((name) => name.toLowerCase().startsWith(PATCHES));
}

function isSensitiveResource(resource: string, subresource: string | undefined): boolean {
  return RESOURCES.has(resource) || SUBRESOURCES.has(`${resource}/${subresource}`);
}

/** An object of such a kind, a list of them, or a list with one among others. */
function isSensitiveObject(value: unknown): boolean {
  const object = asObject(value);
  if (object === undefined) return false;
  if (KINDS.has(lower(object.kind).replace(/list$/, ""))) return true;
  return Array.isArray(object.items) && object.items.some((each) => KINDS.has(lower(asObject(each)?.kind)));
}

function lower(value: unknown): string {
  return typeof value === "string" ? value.toLowerCase() : "";
}
