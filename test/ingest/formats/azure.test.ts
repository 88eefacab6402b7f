/** Azure: records of its logs in each of their spellings, and deliveries of Event Grid. */

import assert from "node:assert/strict";
import test from "node:test";
import { azure } from "../../../src/ingest/formats/cloud/azure.ts";
import { adaptAll, assertWhateverComes, itemsOf } from "../deliveries.ts";

const RESOURCE = "/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V";
const UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";

const ACTIVITY = {
  time: "2026-11-27T08:00:00.1234567Z",
  resourceId: RESOURCE,
  operationName: "MICROSOFT.KEYVAULT/VAULTS/DELETE",
  category: "Administrative",
  resultType: "Success",
  resultSignature: "Succeeded.OK",
  callerIpAddress: "192.0.2.7",
  correlationId: "c-1",
  identity: {
    authorization: { evidence: { principalType: "User" } },
    claims: { name: "Alice", [UPN]: "alice@example.com" },
  },
};
const SIGN_IN = {
  time: "2026-11-27T08:00:00Z",
  resourceId: "/tenants/t-1/providers/Microsoft.aadiam",
  operationName: "Sign-in activity",
  category: "SignInLogs",
  tenantId: "t-1",
  resultType: "50126",
  resultDescription: "Invalid username or password",
  callerIpAddress: "192.0.2.7",
  correlationId: "c-2",
  identity: "Alice",
  properties: {
    id: "s-1",
    userPrincipalName: "alice@example.com",
    userDisplayName: "Alice",
    appId: "a-1",
    appDisplayName: "Portal",
    userAgent: "Mozilla/5.0",
    status: { errorCode: 50_126 },
  },
};
const DIRECTORY = {
  time: "2026-11-27T08:00:00Z",
  operationName: "Add member to role",
  category: "AuditLogs",
  tenantId: "t-1",
  properties: {
    id: "d-1",
    activityDateTime: "2026-11-27T07:59:59Z",
    result: "success",
    initiatedBy: { user: { id: "u-1", userPrincipalName: "alice@example.com", ipAddress: "192.0.2.8" } },
    targetResources: [{ id: "u-2", type: "User", userPrincipalName: "bob@example.com" }],
  },
};

function adapted(body: unknown) {
  const items = itemsOf(azure, typeof body === "string" ? body : JSON.stringify(body));
  return adaptAll(azure, items).map(({ event, notes }, i) => ({ ...event, notes, item: items[i] }));
}

test("records of the activity log, of sign-ins and of the directory say who did what, and how it ended", () => {
  const rows = adapted({ records: [ACTIVITY, SIGN_IN, DIRECTORY] }).map(
    ({ id, action, op, time, actor, targets, outcome, context, tenant, notes, item }) => {
      assert.deepEqual(notes, []);
      assert.ok(typeof item?.raw === "string");
      return { id, action, op, time, actor, target: targets?.[0], outcome, ip: context?.ip, tenant };
    },
  );
  assert.deepEqual(rows, [
    {
      id: undefined,
      action: "azure.MICROSOFT.KEYVAULT/VAULTS/DELETE",
      op: "d",
      time: "2026-11-27T08:00:00.1234567Z",
      actor: { type: "user", id: "alice@example.com", name: "Alice" },
      target: { type: "resource", id: RESOURCE },
      outcome: "success",
      ip: "192.0.2.7",
      tenant: "SUB-1",
    },
    {
      id: "s-1",
      action: "azure.Sign-in activity",
      op: undefined,
      time: "2026-11-27T08:00:00Z",
      actor: { type: "user", id: "alice@example.com", name: "Alice" },
      target: { type: "application", id: "a-1", name: "Portal" },
      outcome: "failure",
      ip: "192.0.2.7",
      tenant: "t-1",
    },
    {
      id: "d-1",
      action: "azure.Add member to role",
      op: undefined,
      time: "2026-11-27T08:00:00Z",
      actor: { type: "user", id: "alice@example.com" },
      target: { type: "User", id: "bob@example.com" },
      outcome: "success",
      ip: "192.0.2.8",
      tenant: "t-1",
    },
  ]);
});

test("how a record ended is told in each of the words that its log has for it", () => {
  const outcomes = [
    { ...ACTIVITY, resultType: "Start", resultSignature: "Started." },
    { ...ACTIVITY, resultType: "Failure", resultSignature: "Failed.Forbidden" },
    { ...ACTIVITY, resultType: "Failure", resultSignature: "Failed.Conflict" },
    { ...SIGN_IN, resultType: 0, properties: {} },
    { ...SIGN_IN, resultType: "53003", properties: { status: { errorCode: 53_003 } } },
    { operationName: { value: "Microsoft.Sql/servers/write" }, status: { value: "Succeeded" }, caller: "a@b" },
  ].map((each) => adapted(each)[0]?.outcome);
  assert.deepEqual(outcomes, ["unknown", "denied", "failure", "success", "denied", "success"]);
});

test("records are found whatever way they are put beside each other, each exactly as it stands there", () => {
  const spelled = [JSON.stringify(ACTIVITY), JSON.stringify(SIGN_IN, null, 1)];
  const wrapped = spelled.map((each) => `{"records":[${each}]}`);
  for (const body of [
    `{"records": [${spelled.join(",")}]}`,
    spelled.join("\n"),
    wrapped.join(""),
    `[${wrapped.join(",")}]`,
  ]) {
    assert.deepEqual(
      adapted(body).map(({ item }) => item?.raw),
      spelled,
    );
  }
});

test("deliveries of Event Grid are known by topic and id, and the question before the first is answered", () => {
  const topic = "/subscriptions/sub-1/resourceGroups/rg";
  const grid = {
    id: "g-1",
    topic,
    subject: RESOURCE,
    eventType: "Microsoft.Resources.ResourceDeleteFailure",
    eventTime: "2026-11-27T08:00:00.1Z",
    data: {
      claims: { [UPN]: "alice@example.com" },
      httpRequest: { clientIpAddress: "192.0.2.7" },
      subscriptionId: "sub-1",
    },
    dataVersion: "2",
    metadataVersion: "1",
  };
  const question = {
    id: "g-2",
    topic,
    subject: "",
    eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
    eventTime: "2026-11-27T08:00:00Z",
    data: { validationCode: "v-1", validationUrl: "https://rp.example/validate" },
    dataVersion: "1",
  };
  const [event, asked] = adapted([grid, question]);
  assert.deepEqual(
    [event?.action, event?.actor.id, event?.outcome, event?.targets?.[0]?.id, event?.context?.ip],
    ["azure.Microsoft.Resources.ResourceDeleteFailure", "alice@example.com", "failure", RESOURCE, "192.0.2.7"],
  );
  assert.deepEqual([event?.item?.claim, event?.item?.answer], [JSON.stringify([topic, "g-1"]), undefined]);
  assert.deepEqual(asked?.item?.answer, { validationResponse: "v-1" });
});

test("whatever comes, every item is an event", () => {
  const bodies = [{ records: [ACTIVITY, SIGN_IN] }, [DIRECTORY]].map((body) => JSON.stringify(body));
  assertWhateverComes(azure, bodies);
});
