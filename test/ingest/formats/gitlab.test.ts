/** GitLab's webhooks and system hooks: bodies in the forms of its documentation become events, and none is refused. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { checkEvent } from "../../../src/entry/event.ts";
import { gitlab } from "../../../src/ingest/formats/gitlab.ts";
import { adaptAll, itemsOf } from "../deliveries.ts";

const HEADERS = {
  "x-gitlab-event": "Push Hook",
  "x-gitlab-instance": "https://gitlab.example.com",
  "x-gitlab-event-uuid": "13792a34-cac6-4fda-95a8-c58e00a3954e",
  "idempotency-key": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
};
const USER = { id: 1, name: "Administrator", username: "root", email: "[REDACTED]" };
const PROJECT = {
  id: 15,
  name: "Diaspora",
  web_url: "https://gitlab.example.com/mike/diaspora",
  namespace: "Mike",
  path_with_namespace: "mike/diaspora",
};
const PROJECT_TARGET = {
  type: "project",
  id: "15",
  name: "mike/diaspora",
  attrs: { url: "https://gitlab.example.com/mike/diaspora" },
};

function adapt(payload: unknown, headers: Readonly<Record<string, string>> = HEADERS) {
  const body = payload instanceof Uint8Array || typeof payload === "string" ? payload : JSON.stringify(payload);
  const [adapted, ...others] = adaptAll(gitlab, itemsOf(gitlab, body, headers));
  assert.ok(adapted);
  assert.equal(others.length, 0);
  return adapted;
}

test("a push names who pushed what where, and its id is the one that stays when it is sent again", () => {
  const { event, notes } = adapt({
    object_kind: "push",
    event_name: "push",
    before: "95790bf891e76fee5e1747ab589903a6a1f80f22",
    after: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    ref: "refs/heads/master",
    ref_protected: true,
    user_id: 4,
    user_name: "John Smith",
    user_username: "jsmith",
    project_id: 15,
    project: PROJECT,
    repository: { name: "Diaspora", url: "git@example.com:mike/diaspora.git" },
    commits: [{ id: "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327", timestamp: "2011-12-12T14:27:31+02:00" }],
    total_commits_count: 4,
  });
  assert.deepEqual(notes, ["time_of_receipt"]);
  assert.deepEqual(event, {
    id: HEADERS["idempotency-key"],
    action: "com.gitlab.push",
    time: "2030-01-01T00:00:00.000Z",
    actor: { type: "user", id: "4", name: "jsmith" },
    targets: [PROJECT_TARGET],
    source: "gitlab.example.com",
    tenant: "Mike",
    context: { request_id: HEADERS["x-gitlab-event-uuid"] },
    metadata: {
      event_name: "push",
      before: "95790bf891e76fee5e1747ab589903a6a1f80f22",
      after: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
      ref: "refs/heads/master",
      ref_protected: true,
      user_id: 4,
      user_name: "John Smith",
      user_username: "jsmith",
      project_id: 15,
      total_commits_count: 4,
    },
  });
});

/** Payloads in the forms of the documentation, shortened, and what has to be made of them. */
const HOOKS: readonly (readonly [object, object])[] = [
  [
    {
      object_kind: "merge_request",
      user: USER,
      project: PROJECT,
      object_attributes: {
        id: 99,
        iid: 1,
        title: "MS-Viewport",
        created_at: "2013-12-03T17:23:34Z",
        updated_at: "2013-12-03T17:23:35Z",
        action: "merge",
        state: "merged",
        url: "http://example.com/diaspora/merge_requests/1",
      },
      changes: { state_id: { previous: 1, current: 3 } },
    },
    {
      action: "com.gitlab.merge_request.merge",
      time: "2013-12-03T17:23:35Z",
      actor: { type: "user", id: "1", name: "root" },
      target: {
        type: "merge_request",
        id: "99",
        name: "MS-Viewport",
        attrs: { url: "http://example.com/diaspora/merge_requests/1", iid: 1 },
      },
      changes: { state_id: { previous: 1, current: 3 } },
    },
  ],
  [
    {
      object_kind: "note",
      user: USER,
      project: PROJECT,
      object_attributes: {
        id: 1244,
        noteable_type: "MergeRequest",
        updated_at: "2015-05-17 18:21:36 UTC",
        action: "create",
      },
      merge_request: { id: 7, title: "Tempora et eos" },
    },
    { action: "com.gitlab.note.merge_request", time: "2015-05-17T18:21:36Z", target: { type: "note", id: "1244" } },
  ],
  [
    {
      object_kind: "pipeline",
      user: USER,
      project: PROJECT,
      object_attributes: { id: 31, ref: "master", status: "failed", finished_at: "2016-08-12 15:26:29 UTC" },
    },
    {
      action: "com.gitlab.pipeline.failed",
      time: "2016-08-12T15:26:29Z",
      outcome: "failure",
      target: { type: "pipeline", id: "31", name: "master" },
    },
  ],
  [
    {
      object_kind: "build",
      build_id: 1977,
      build_name: "test",
      build_status: "success",
      build_created_at: "2021-02-23T02:41:37.886Z",
      build_finished_at: null,
      user: { id: 3, name: "User", username: "project_15_bot_ab12" },
      project_id: 380,
      project_name: "gitlab-org/gitlab-test",
    },
    {
      action: "com.gitlab.job.success",
      time: "2021-02-23T02:41:37.886Z",
      outcome: "success",
      actor: { type: "service", id: "3", name: "project_15_bot_ab12" },
      target: { type: "job", id: "1977", name: "test" },
    },
  ],
  [
    {
      object_kind: "deployment",
      status: "success",
      status_changed_at: "2021-04-28 21:50:00 +0200",
      deployment_id: 15,
      environment: "staging",
      project: PROJECT,
      user: USER,
    },
    {
      action: "com.gitlab.deployment.success",
      time: "2021-04-28T21:50:00+02:00",
      outcome: "success",
      target: PROJECT_TARGET,
    },
  ],
  [
    {
      event_name: "user_add_to_team",
      created_at: "2012-07-21T07:30:56Z",
      updated_at: "2012-07-21T07:38:22Z",
      access_level: "Maintainer",
      project_id: 74,
      project_path_with_namespace: "jsmith/storecloud",
      user_id: 41,
      user_name: "John Smith",
      user_username: "johnsmith",
    },
    {
      action: "com.gitlab.user_add_to_team",
      time: "2012-07-21T07:38:22Z",
      actor: { type: "system", id: "gitlab" },
      target: { type: "user", id: "41", name: "johnsmith" },
    },
  ],
  [
    {
      event_name: "user_remove_from_group",
      created_at: "2012-07-21T07:30:56Z",
      group_id: 78,
      group_path: "storecloud",
      user_id: 41,
      user_username: "johnsmith",
    },
    {
      action: "com.gitlab.user_remove_from_group",
      time: "2030-01-01T00:00:00.000Z",
      tenant: "storecloud",
      target: { type: "user", id: "41", name: "johnsmith" },
    },
  ],
  [
    {
      event_name: "user_failed_login",
      updated_at: "2017-10-03T06:08:48Z",
      user_id: 41,
      username: "user4",
      state: "blocked",
    },
    { action: "com.gitlab.user_failed_login", outcome: "failure", target: { type: "user", id: "41", name: "user4" } },
  ],
  [
    {
      event_name: "project_destroy",
      created_at: "2012-07-21T07:30:58Z",
      path_with_namespace: "jsmith/underscore",
      project_id: 73,
    },
    {
      action: "com.gitlab.project_destroy",
      time: "2030-01-01T00:00:00.000Z",
      target: { type: "project", id: "73", name: "jsmith/underscore" },
    },
  ],
];

test("hooks of projects, groups and the system name what was done, when, by whom and to what", () => {
  for (const [payload, { target, ...members }] of HOOKS as readonly (readonly [object, Record<string, unknown>])[]) {
    const { event } = adapt(payload);
    const about = event.action;
    for (const [name, value] of Object.entries(members)) {
      assert.deepEqual((event as Record<string, unknown>)[name], value, `${about} ${name}`);
    }
    assert.deepEqual(event.targets?.[0], target, about);
  }
});

test("older GitLabs have no key of idempotency: the event's UUID is the id then, and of signed hooks the webhook's id", () => {
  const payload = { object_kind: "push" };
  const { "idempotency-key": _, ...older } = HEADERS;
  assert.equal(adapt(payload, older).event.id, HEADERS["x-gitlab-event-uuid"]);
  assert.equal(adapt(payload, { ...HEADERS, "webhook-id": "w1" }).event.id, "w1");
  assert.equal(adapt(payload, {}).event.id, undefined);
});

test("whatever comes becomes an event", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const bent = fc
    .tuple(fc.constantFrom(...HOOKS.map(([payload]) => payload)), fc.string(), json)
    .map(([payload, name, value]) => {
      const names = Object.keys(payload);
      const at = names[name.length % names.length] as string;
      return { ...payload, [at]: value, [name]: value };
    });
  fc.assert(
    fc.property(fc.oneof(json, bent, fc.uint8Array({ maxLength: 200 })), (payload) => {
      const { event } = adapt(payload ?? "null");
      assert.equal(checkEvent(event), event);
    }),
    { seed: 148, numRuns: 500 },
  );
});
