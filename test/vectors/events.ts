/** The events of the golden vectors, as texts that a client might send. */

export type EventVector = {
  readonly name: string;
  /** The text as it is received. */
  readonly received: string;
  /** Members that the service adds. */
  readonly own?: Readonly<Record<string, unknown>>;
  readonly recordedAt: number;
  /** Members to withhold from a bundle. */
  readonly withheld?: readonly string[];
};

const RECORDED_AT = 1_789_999_200_000;
const SMALLEST = '"action":"user.login","time":"2026-09-21T14:00:00Z","actor":{"type":"user","id":"u1"}';

export const EVENTS: readonly EventVector[] = [
  { name: "smallest", received: `{${SMALLEST}}`, recordedAt: RECORDED_AT },
  {
    name: "invoice",
    received: JSON.stringify({
      id: "req-8f2c1a",
      action: "invoice.approve",
      time: "2026-09-21T16:00:01.250+02:00",
      actor: { type: "user", id: "u_8f2c", name: "Ada Example", attrs: { email: "ada@example.com" } },
      targets: [{ type: "invoice", id: "inv-2026-0912", name: "September" }],
      outcome: "success",
      context: { ip: "203.0.113.7", user_agent: "Mozilla/5.0", request_id: "8f2c1a" },
      metadata: { amount: 1249.5, currency: "CHF", first: false },
      tenant: "acme",
    }),
    own: { _source: { format: "event", key: "billing" } },
    recordedAt: RECORDED_AT + 1250,
    withheld: ["actor", "context"],
  },
  {
    name: "names and texts",
    received: String.raw`{ "\u20ac" : "Euro Sign", "\r":"Carriage Return", "\ufb33":"Hebrew Letter Dalet With Dagesh",
      "1":"One", "\ud83d\ude00":"Emoji: Grinning Face", "\u0080":"Control", "\u00f6":"Latin Small Letter O With Diaeresis",
      "Zone":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "aa":"\u2028\u2029\u007f\ufeff", "":"no name at all",
      ${SMALLEST} }`,
    recordedAt: RECORDED_AT + 2000,
  },
  {
    name: "numbers",
    received: `{${SMALLEST},"n":[333333333.33333329,4.50,2e-3,0.000000000000000000000000001,-0,9007199254740991,
      -9007199254740991,1E15,1e-7,0.000001,5e-324],"metadata":{"ratio":0.1,"count":10.0}}`,
    recordedAt: RECORDED_AT + 3000,
  },
  {
    name: "nesting",
    received: `{${SMALLEST},"deep":{"b":{"d":[[],{},[{"z":1,"y":{"x":null}}]],"c":true},"a":false}}`,
    recordedAt: 0,
  },
  {
    name: "sixty-four members",
    received: `{${SMALLEST},${Array.from({ length: 61 }, (_, i) => `"m${i}":${i}`).join(",")}}`,
    recordedAt: Number.MAX_SAFE_INTEGER,
  },
  {
    name: "a foreign format",
    received: `{"id":"72d3162e-cc78-11e3-81ab-4c9367dc0958","action":"com.github.push","source":"github.com",
      "time":"2019-05-15T15:20:57.000Z","actor":{"type":"user","id":"21031067","name":"Codertocat"}}`,
    own: {
      _raw: '{"ref":"refs/heads/main","size":12345678901234567890,\n "note":"kept\\u0020as it came"}',
      _source: { format: "github", key: "webhooks", notes: ["time_of_receipt"] },
    },
    recordedAt: RECORDED_AT + 4000,
    withheld: ["_raw"],
  },
  {
    // V8's JSON.parse reads some of these names as that of a backslash: docs/format.md, section 1.
    name: "names that only their escapes tell apart",
    received: String.raw`{${SMALLEST},"a":{"":0,"\\":1},"b":{"":0,"\n":1},"c":[{"!":1,"\\":2},{"!":1,"\"":2},{"!":1,"\u0022\n":2}]}`,
    recordedAt: RECORDED_AT + 5000,
  },
];

/** Texts that are no member, each for one reason; a verifier refuses them all. */
export const REFUSED_TEXTS: readonly string[] = [
  "",
  '"a"',
  '"a":1,"b":2',
  '"a":1}, {"b":2',
  '"a": 1',
  '"a":1 ',
  '"\\u0061":1',
  '"a":1.0',
  '"a":-0',
  '"a":1E3',
  '"a":9007199254740993',
  '"a":{"c":1,"b":2}',
  '"a":{"b":1,"b":1}',
  '"a":"\\/"',
  '"a":"\\u00e9"',
  '"a":"\\ud800"',
];
