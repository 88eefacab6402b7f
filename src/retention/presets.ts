/**
 * Rules that paragraphs ask for, to begin with. What a paragraph leaves open stands beside each: a preset is a start for whoever
 * knows which data this is, and no opinion of a lawyer.
 */

import type { RetentionRule } from "./policy.ts";

export type RetentionPreset = {
  readonly id: string;
  readonly title: string;
  /** Where it is from. */
  readonly paragraphs: readonly string[];
  /** What is asked there, in our words. */
  readonly asks: string;
  readonly rules: readonly RetentionRule[];
  readonly doesNotSettle: readonly string[];
};

export const PRESETS: readonly RetentionPreset[] = [
  {
    id: "pci-dss",
    title: "PCI DSS 4.0.1: 12 months, 3 of them at hand",
    paragraphs: ["PCI DSS 4.0.1, 10.5.1"],
    asks: "Audit logs are kept for at least 12 months; the last three months are at hand for analysis at once.",
    rules: [
      {
        name: "pci-dss 10.5.1",
        keepAtLeast: "P3M",
        keepAtMost: "P4M",
        after: "archive_and_prune",
        archiveFor: "P12M",
      },
    ],
    doesNotSettle: [
      "which systems are in scope (10.2), and that their clocks agree (10.6)",
      "that somebody looks at the logs every day (10.4.1)",
      "that card data is in no log: 3.3.1 forbids to keep sensitive authentication data, however it is retained",
      "how archives end after their time: nobody here deletes them",
    ],
  },
  {
    id: "hipaa",
    title: "HIPAA: 6 years",
    paragraphs: ["45 CFR 164.316(b)(2)(i)"],
    asks: "Documentation of policies, and of actions and activities that the rule wants documented, is kept for 6 years from when it was made or was last in effect.",
    rules: [{ name: "hipaa 164.316(b)(2)", keepAtLeast: "P6Y" }],
    doesNotSettle: [
      "whether a log is such documentation: the paragraph does not name audit logs, and the six years are the careful reading",
      "what was “last in effect” later than it was recorded: keep that longer",
      "laws of states, which ask for more for medical records",
      "an end: nothing is pruned by this rule alone",
    ],
  },
  {
    id: "sox",
    title: "SOX: 7 years",
    paragraphs: ["Sarbanes-Oxley Act §802 (18 U.S.C. 1519, 1520)", "17 CFR 210.2-06"],
    asks: "Records relevant to an audit or review of financial statements are kept for 7 years after it was concluded.",
    rules: [{ name: "sox 802", keepAtLeast: "P7Y" }],
    doesNotSettle: [
      "when the audit was concluded: the years count from there, here from when the event was recorded; take a year more where that matters",
      "which events are relevant to financial reporting",
      "that nothing may be destroyed that an investigation may want (18 U.S.C. 1519): place a hold",
    ],
  },
  {
    id: "sec-17a-4",
    title: "SEC 17a-4: 6 years, the first 2 at hand",
    paragraphs: ["17 CFR 240.17a-4(a), (b), (f)"],
    asks: "Brokers and dealers keep records for 6 years (some for 3), the first two easily accessible, in a form that cannot be rewritten or with a complete audit trail.",
    rules: [
      {
        name: "sec 17a-4",
        keepAtLeast: "P2Y",
        keepAtMost: "P25M",
        after: "archive_and_prune",
        archiveFor: "P6Y",
      },
    ],
    doesNotSettle: [
      "that an archive cannot be rewritten: that is the bucket's lock in COMPLIANCE mode, or the audit-trail alternative",
      "the notice to the regulator and the designated executive officer or third party (17a-4(f)(3))",
      "records that are kept for the life of the firm (17a-4(d))",
    ],
  },
  {
    id: "soc2",
    title: "SOC 2: one year, as auditors ask",
    paragraphs: ["AICPA Trust Services Criteria CC7.2"],
    asks: "Components are monitored for anomalies; the criteria name no period. An examination of Type 2 mostly covers up to 12 months, and its evidence has to be there for all of them.",
    rules: [{ name: "soc2 cc7.2", keepAtLeast: "P13M" }],
    doesNotSettle: [
      "the period itself: it is what your own policy promises, and the examiner holds you to that",
      "an end: nothing is pruned by this rule alone",
    ],
  },
  {
    id: "iso-27001",
    title: "ISO/IEC 27001:2022: as your own policy says, 12 months to begin with",
    paragraphs: ["ISO/IEC 27001:2022 Annex A, A.8.15 (logging)", "A.5.33 (protection of records)"],
    asks: "Logs are kept, protected and analysed, and records are kept for as long as law, contracts and your policy ask. No period is named.",
    rules: [{ name: "iso 27001 a.8.15", keepAtLeast: "P12M" }],
    doesNotSettle: [
      "the period: it has to be in your own retention schedule (A.5.33), and this is one that is common",
      "laws and contracts that ask for more, which A.5.31 wants listed",
      "an end: nothing is pruned by this rule alone",
    ],
  },
  {
    id: "gdpr-minimal",
    title: "GDPR, as little as is needed: 6 months",
    paragraphs: ["GDPR art. 5(1)(e)", "art. 17", "art. 30(1)(f)"],
    asks: "Personal data is kept in a form that identifies people no longer than its purpose needs; where possible, time limits for erasure are written down.",
    rules: [{ name: "gdpr art. 5(1)(e)", keepAtMost: "P6M", after: "prune" }],
    doesNotSettle: [
      "what your purpose needs: six months is a common figure for security logs, the regulation names none",
      "requests of a person (art. 17), which are an erasure and wait for no period",
      "duties to keep something longer (art. 17(3)(b)), which are rules of their own: the longest “at least” holds",
      "what was sent on to others, and backups",
    ],
  },
];
