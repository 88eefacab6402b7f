/**
 * Who may do what: the one table of roles. A key has one role or several, for all ledgers or for some. What takes something away
 * for good needs `privacy`, which an administrator gives to a key and does not have.
 * Why: docs/decisions/0201.
 */

export const ROLES = ["writer", "reader", "auditor", "privacy", "admin"] as const;

/** What a key is for. */
export type Role = (typeof ROLES)[number];

/** What can be allowed. */
export type Permission = keyof typeof GRANTS;

const GRANTS = {
  /** Append events. */
  append: ["writer", "admin"],
  /** Read events and bundles of every source. */
  read: ["reader", "auditor", "admin"],
  /** Read events and bundles of the key's own source: whoever wrote an event may fetch what proves it. */
  readOwn: ["writer", "reader", "auditor", "admin"],
  /** See names and sizes of the ledgers that the key is for. */
  ledgersRead: ["writer", "reader", "auditor", "privacy", "admin"],
  /** See what the key itself is for. */
  ownKeyRead: ["writer", "reader", "auditor", "privacy", "admin"],
  ledgersCreate: ["admin"],
  /** See who sends, how much and when last; nothing of what was sent. */
  sourcesRead: ["reader", "auditor", "admin"],
  /** See what ledgers demand of events. */
  rulesRead: ["reader", "auditor", "admin"],
  rulesWrite: ["admin"],
  /** See for how long what is kept, and what a policy would do; counts alone, nothing of any event. */
  retentionRead: ["reader", "auditor", "privacy", "admin"],
  /** Put a policy that shortens nothing. */
  retentionWrite: ["privacy", "admin"],
  retentionShorten: ["privacy"],
  holdsRead: ["auditor", "privacy", "admin"],
  holdsPlace: ["privacy", "admin"],
  holdsLift: ["privacy"],
  /** See what was erased when, by whom and why. */
  erasuresRead: ["auditor", "privacy", "admin"],
  erase: ["privacy"],
  /** See what audits looked at and found. */
  auditsRead: ["auditor", "admin"],
  auditsBegin: ["auditor", "admin"],
  /** See who read and changed what, in the ledger that the service keeps of it. */
  accessRead: ["auditor", "admin"],
  /** See who has keys, never the keys. */
  keysRead: ["auditor", "admin"],
  keysWrite: ["admin"],
  metrics: ["reader", "auditor", "admin"],
  /** See what is wrong, and who was told. */
  alertsRead: ["reader", "auditor", "admin"],
  /** Say that somebody looks after an alert, or that nobody is to be told of it. */
  alertsHandle: ["admin"],
  /** See what keys are wrapped by, rotate it and have them wrapped anew. */
  encryption: ["admin"],
  /** See how anchoring does, and what it costs. */
  status: ["reader", "auditor", "admin"],
} as const satisfies Record<string, readonly Role[]>;

/** What records something in the ledger, and is refused where that is to be read. */
const RECORDING: readonly Permission[] = [
  "append",
  "rulesWrite",
  "retentionWrite",
  "retentionShorten",
  "holdsPlace",
  "holdsLift",
  "erase",
];

export function isRecording(permission: Permission): boolean {
  return RECORDING.includes(permission);
}

/** Every name of what can be allowed. */
export const PERMISSIONS = Object.keys(GRANTS) as readonly Permission[];

/** Whether one of the roles allows it. */
export function allows(roles: readonly Role[], permission: Permission): boolean {
  const granted: readonly Role[] = GRANTS[permission];
  return roles.some((role) => granted.includes(role));
}

/** Roles that allow it, for messages. */
export function rolesFor(permission: Permission): readonly Role[] {
  return GRANTS[permission];
}

/**
 * What a permission asks for in the ledger that the service keeps about its readers. What is not here nobody has there: nothing is
 * appended to it, demanded of it or erased in it.
 */
const IN_ACCESS_LEDGER: Readonly<Partial<Record<Permission, Permission>>> = {
  read: "accessRead",
  readOwn: "accessRead",
  sourcesRead: "accessRead",
  rulesRead: "accessRead",
  erasuresRead: "accessRead",
  auditsRead: "auditsRead",
  auditsBegin: "auditsBegin",
  retentionRead: "retentionRead",
  // Whoever may let it forget is not whoever is in it.
  retentionWrite: "retentionShorten",
  holdsRead: "holdsRead",
  holdsPlace: "holdsPlace",
  holdsLift: "holdsLift",
};

/** What has to be allowed for it there; undefined when nobody may. */
export function permissionInAccessLedger(permission: Permission): Permission | undefined {
  return IN_ACCESS_LEDGER[permission];
}

/** What concerns the service as a whole, and is refused to a key for some ledgers whatever its roles are. */
const WHOLE_SERVICE: readonly Permission[] = [
  "ledgersCreate",
  "keysRead",
  "keysWrite",
  "metrics",
  "alertsRead",
  "alertsHandle",
  "status",
  "encryption",
];

/** Whether a key for some ledgers cannot have it. */
export function isOfWholeService(permission: Permission): boolean {
  return WHOLE_SERVICE.includes(permission);
}

/** What roles allow, for all ledgers or for some. */
export function permissionsOf(roles: readonly Role[], isForAllLedgers: boolean): readonly Permission[] {
  return PERMISSIONS.filter((name) => allows(roles, name) && (isForAllLedgers || !isOfWholeService(name)));
}
