/** The cases that `npm test` tries: one of each kind, and the smallest of it. All of them are `npm run test:faults`. */

/** Names of the table. */
export const SELECTION: readonly string[] = [
  "load, one thread: store/log write EIO 2 then SIGKILL",
  "load, one thread: store/log fdatasync EIO 2 then SIGTERM",
  "load, probes only: store/log write ENOSPC 1 then SIGTERM",
  "load: store/log write SIGKILL 2 then SIGKILL",
  "load: store/log write EDQUOT 1+ then SIGKILL",
  "load: marks openat EACCES 1+ then SIGKILL",
  "start: store/log openat EIO 2",
  "start: store/log read none 3",
  "start: store/manifest rename SIGKILL 1",
  "start: index openat EACCES 1+",
  "stop: marks write,pwrite64,fsync ENOSPC 1+",
  "audit: store openat nothing 1",
  "audit: store/log openat EMFILE 2",
];

/** What of the selection does not hold yet; what mends it takes it out of here. */
export const AWAITED: readonly string[] = [
  "load, one thread: store/log write EIO 2 then SIGKILL",
  "load, one thread: store/log fdatasync EIO 2 then SIGTERM",
  "load, probes only: store/log write ENOSPC 1 then SIGTERM",
  "load: store/log write EDQUOT 1+ then SIGKILL",
  "load: marks openat EACCES 1+ then SIGKILL",
  "start: store/log openat EIO 2",
  "start: store/log read none 3",
  "start: index openat EACCES 1+",
  "stop: marks write,pwrite64,fsync ENOSPC 1+",
  "audit: store openat nothing 1",
  "audit: store/log openat EMFILE 2",
];
