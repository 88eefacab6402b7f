/**
 * Which class and activity of OCSF an event is, told from the words of its action, its targets and its `op`. The rules are
 * few and fixed, in this order: signing in or out is Authentication; what is done to an account is Account Change;
 * everything else is API Activity. docs/export.md has them as a table.
 */

export type OcsfClass = {
  readonly uid: number;
  readonly name: string;
  readonly category: { readonly uid: number; readonly name: string };
  readonly activities: Readonly<Record<number, string>>;
};

const OTHER = 99;
const IAM = { uid: 3, name: "Identity & Access Management" };
const APPLICATION = { uid: 6, name: "Application Activity" };

const AUTHENTICATION: OcsfClass = {
  uid: 3002,
  name: "Authentication",
  category: IAM,
  activities: { 1: "Logon", 2: "Logoff" },
};
const ACCOUNT_CHANGE: OcsfClass = {
  uid: 3001,
  name: "Account Change",
  category: IAM,
  activities: {
    1: "Create",
    2: "Enable",
    3: "Password Change",
    4: "Password Reset",
    5: "Disable",
    6: "Delete",
    7: "Attach Policy",
    8: "Detach Policy",
    9: "Lock",
    10: "MFA Factor Enable",
    11: "MFA Factor Disable",
    12: "Unlock",
  },
};
const API_ACTIVITY: OcsfClass = {
  uid: 6003,
  name: "API Activity",
  category: APPLICATION,
  activities: { 1: "Create", 2: "Read", 3: "Update", 4: "Delete" },
};

/** Words of an action, or of which all have to be there. */
type Rule = readonly [activity: number, ...words: readonly RegExp[]];

const ADD = /^(?:create|add|insert|register|invite|new|created|added|registered|invited)$/;
const ON = /^(?:enable|activate|reactivate|enroll|enrol|enabled|activated|enrolled)$/;
const OFF = /^(?:disable|deactivate|suspend|unenroll|disabled|deactivated|suspended)$/;
const REMOVE = /^(?:delete|remove|destroy|purge|erase|deleted|removed|destroyed|purged|erased)$/;
const CHANGE =
  /^(?:update|edit|patch|modify|change|set|write|rename|move|updated|edited|patched|modified|changed|written|renamed|moved)$/;
const READ = /^(?:read|get|list|view|search|download|export|watch|query|viewed|downloaded|exported|accessed|access)$/;
const GIVE = /^(?:attach|grant|assign|attached|granted|assigned)$/;
const TAKE = /^(?:detach|revoke|unassign|detached|revoked|unassigned)$/;
const RIGHTS = /^(?:policy|policies|role|roles|permission|permissions|privilege|privileges)$/;
const FACTOR = /^(?:mfa|2fa|totp|otp|webauthn|passkey)$/;
const PASSWORD = /^(?:password|passwd)$/;

const SIGNING: readonly Rule[] = [
  [2, /^(?:logout|logoff|signout|loggedout)$/],
  [2, /^(?:log|sign|logged|signed)$/, /^(?:out|off)$/],
  [1, /^(?:login|logon|signin|authenticate|authenticated|authentication)$/],
  [1, /^(?:log|sign|logged|signed)$/, /^(?:in|on)$/],
];
const OF_ACCOUNTS: readonly Rule[] = [
  [4, PASSWORD, /^(?:reset)$/],
  [3, PASSWORD, CHANGE],
  [10, FACTOR, new RegExp(`${ON.source}|${ADD.source}`)],
  [11, FACTOR, new RegExp(`${OFF.source}|${REMOVE.source}`)],
  [7, RIGHTS, GIVE],
  [8, RIGHTS, TAKE],
  [12, /^(?:unlock|unlocked)$/],
  [9, /^(?:lock|locked|lockout)$/],
  [5, OFF],
  [2, ON],
  [6, REMOVE],
  [1, ADD],
];
const OF_APIS: readonly Rule[] = [
  [4, REMOVE],
  [1, ADD],
  [3, CHANGE],
  [2, READ],
];
const BY_OP: Readonly<Record<string, number>> = { c: 1, r: 2, u: 3, d: 4 };

/** Types of targets that are accounts, and words of an action that say that it is about one. */
const ACCOUNT = /^(?:user|account|serviceaccount|service[_-]account|member|role|identity|principal)$/i;
const ACCOUNT_WORD =
  /^(?:user|users|account|accounts|member|members|password|passwd|mfa|2fa|totp|otp|webauthn|passkey)$/;

export type OcsfActivity = { readonly of: OcsfClass; readonly id: number; readonly name: string };

/** Whether a target of this type is an account. */
export function isAccountType(type: unknown): boolean {
  return typeof type === "string" && ACCOUNT.test(type);
}

/**
 * The activity of an event.
 * @param action as it was sent, "" when there is none
 * @param op create, read, update, delete or execute as one letter, if the event says it
 * @param onAccount whether one of its targets is an account
 */
export function activityOf(action: string, op: unknown, onAccount: boolean): OcsfActivity {
  const words = wordsOf(action);
  const signing = find(SIGNING, words);
  if (signing !== undefined) return activity(AUTHENTICATION, signing, action);
  if (onAccount || words.some((word) => ACCOUNT_WORD.test(word))) {
    const change = find(OF_ACCOUNTS, words);
    if (change !== undefined) return activity(ACCOUNT_CHANGE, change, action);
  }
  const byOp = typeof op === "string" ? BY_OP[op] : undefined;
  return activity(API_ACTIVITY, byOp ?? find(OF_APIS, words) ?? OTHER, action);
}

function activity(of: OcsfClass, id: number, action: string): OcsfActivity {
  return { of, id, name: of.activities[id] ?? (action === "" ? "unknown" : action) };
}

function find(rules: readonly Rule[], words: readonly string[]): number | undefined {
  return rules.find(([, ...wanted]) => wanted.every((each) => words.some((word) => each.test(word))))?.[0];
}

/** `iam:CreateUser` is iam, create, user. */
function wordsOf(action: string): string[] {
  const parted = action.replaceAll(/([a-z\d])([A-Z])/g, "$1 $2");
  return parted
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
}
