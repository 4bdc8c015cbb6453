/**
 * Ids, most of them plain. Some hold what separates names elsewhere: whoever builds a key, a subject or a path of them
 * without care confuses two. Every function type has the same, so that types are what keeps them apart.
 */
export function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, number) => (forms[number % 16] ?? plain)(number));
}

const plain = (number: number) => `x${number}`;

const forms: Partial<Record<number, (number: number) => string>> = {
  3: (number) => `x/${number}`,
  5: (number) => `x.${number}`,
  7: (number) => `x ${number}`,
  9: (number) => `*.${number}.>`,
  11: (number) => `ü${number}`,
  13: (number) => `\u{1f642}${number}`,
  15: (number) => `x\u0000${number}`,
};
