/**
 * The shipped dashboard: in the form that Grafana takes, with a unit for whatever it shows and every panel in a place of its own. The form is
 * that of Grafana's documentation ("Dashboard JSON model"), in its essentials; with GRAFANA_SCHEMA=dashboard.jsonschema.json it is checked against
 * the schema that Grafana publishes besides.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Ajv } from "ajv";
import { DASHBOARD_FILE, type Panel, readDashboard } from "./shipped.ts";

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the source there that whoever imports it names.
const UID = "${DS_PROMETHEUS}";
const SOURCE = {
  type: "object",
  properties: { type: { const: "prometheus" }, uid: { const: UID } },
  required: ["type", "uid"],
  additionalProperties: false,
};
const SHOWN = {
  type: "object",
  properties: {
    datasource: SOURCE,
    fieldConfig: {
      type: "object",
      properties: {
        defaults: {
          type: "object",
          properties: {
            unit: { enum: ["none", "short", "s", "bytes", "cps", "reqps", "ETH"] },
            thresholds: {
              type: "object",
              properties: {
                mode: { const: "absolute" },
                steps: {
                  type: "array",
                  minItems: 1,
                  items: {
                    type: "object",
                    properties: { value: { type: ["number", "null"] } },
                    required: ["color", "value"],
                  },
                },
              },
              required: ["mode", "steps"],
            },
          },
          required: ["unit"],
        },
        overrides: { type: "array" },
      },
      required: ["defaults", "overrides"],
    },
    targets: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: {
          refId: { type: "string", pattern: "^[A-Z]$" },
          expr: { type: "string", minLength: 1 },
          datasource: SOURCE,
        },
        required: ["refId", "expr", "datasource"],
      },
    },
  },
  required: ["datasource", "fieldConfig", "targets", "options"],
};
const SCHEMA = {
  type: "object",
  properties: {
    id: { type: "null" },
    uid: { type: "string", pattern: "^[a-zA-Z0-9_-]{1,40}$" },
    title: { type: "string", minLength: 1 },
    tags: { type: "array", items: { type: "string" } },
    schemaVersion: { type: "integer", minimum: 36 },
    refresh: { type: "string" },
    time: { type: "object", required: ["from", "to"] },
    templating: {
      type: "object",
      properties: {
        list: {
          type: "array",
          items: {
            type: "object",
            properties: {
              name: { type: "string" },
              type: { const: "query" },
              query: { type: "string" },
              datasource: SOURCE,
            },
            required: ["name", "type", "query", "datasource"],
          },
        },
      },
      required: ["list"],
    },
    panels: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: {
          id: { type: "integer", minimum: 1 },
          title: { type: "string", minLength: 1 },
          type: { enum: ["row", "stat", "table", "timeseries", "state-timeline"] },
          gridPos: {
            type: "object",
            properties: {
              h: { type: "integer", minimum: 1 },
              w: { type: "integer", minimum: 1, maximum: 24 },
              x: { type: "integer", minimum: 0, maximum: 23 },
              y: { type: "integer", minimum: 0 },
            },
            required: ["h", "w", "x", "y"],
            additionalProperties: false,
          },
        },
        required: ["id", "title", "type", "gridPos"],
        if: { properties: { type: { const: "row" } } },
        // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema.
        then: { required: ["collapsed"] },
        else: SHOWN,
      },
    },
    __inputs: {
      type: "array",
      items: {
        type: "object",
        properties: { name: { const: "DS_PROMETHEUS" }, pluginId: { const: "prometheus" } },
        required: ["name", "type", "pluginId"],
      },
      minItems: 1,
      maxItems: 1,
    },
  },
  required: ["id", "uid", "title", "schemaVersion", "time", "templating", "panels", "__inputs"],
};

/** @returns what is wrong */
function wrongBy(schema: object, value: unknown): readonly string[] {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(schema);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

test("the dashboard has the form that Grafana takes, and a unit for whatever is shown", () => {
  assert.deepEqual(wrongBy(SCHEMA, readDashboard()), []);
  const [first, ...more] = readDashboard().panels;
  assert.notDeepEqual(wrongBy(SCHEMA, { ...readDashboard(), panels: [{ ...first, type: "stat" }, ...more] }), []);
});

test("no panel lies over another, or outside, and each has a number and a title of its own", () => {
  const { panels } = readDashboard();
  for (const [i, one] of panels.entries()) {
    assert.ok(one.gridPos.x + one.gridPos.w <= 24, one.title);
    for (const other of panels.slice(i + 1)) assert.ok(!overlap(one, other), `${one.title} and ${other.title}`);
  }
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
});

test("every variable of the dashboard is used, and every one that is used is there", () => {
  const text = readFileSync(DASHBOARD_FILE, "utf8");
  const used = new Set(
    [...text.matchAll(/\$(\w+)/g)].map(([, name]) => name).filter((name) => !name?.startsWith("__")),
  );
  assert.deepEqual(
    [...used].toSorted(),
    readDashboard()
      .templating.list.map(({ name }) => name)
      .toSorted(),
  );
});

const published = process.env.GRAFANA_SCHEMA;
test("the dashboard is as the schema says that Grafana publishes", {
  skip:
    published === undefined &&
    "GRAFANA_SCHEMA names none; it is jsonschema/dashboard.jsonschema.json of grafana-foundation-sdk",
}, () => {
  // Those two are of a file that is shared, and taken out when it is imported.
  const { __inputs, __requires, ...imported } = readDashboard() as unknown as Record<string, unknown>;
  assert.deepEqual(wrongBy(JSON.parse(readFileSync(published ?? "", "utf8")) as object, imported), []);
});
