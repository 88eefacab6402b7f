/** The damages that `npm test` tries, with so many flipped bits in each file. All of them are `npm run test:faults`. */

export const FLIPS = 3;

/** Names of files, and what is done to them. */
export const DAMAGES: readonly string[] = [
  "damage: store/000005.ldb page 0 zeroed",
  "damage: store/000005.ldb a bit flipped, 2 of 3",
  "damage: store/000005.ldb cut to half",
  "damage: store/000006.log a bit flipped, 2 of 3",
  "damage: store/000006.log cut to all but 100 bytes",
  "damage: store/000006.log gone",
  "damage: store/CURRENT gone",
  "damage: store/MANIFEST-000004 a bit flipped, 2 of 3",
  "damage: index/CURRENT a bit flipped, 2 of 3",
  "damage: index/000005.ldb cut to half",
  "damage: keys/content.key gone",
  "damage: keys/encryption.key gone",
  "damage: keyring/000005.ldb a bit flipped, 2 of 3",
  "damage: keyring/000005.ldb gone",
  "damage: keyring/CURRENT gone",
];
