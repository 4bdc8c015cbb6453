// Writes events.jsonl: 1,200 visits of 200 people, the same at every run. Some lines are what real logs hold, too.
import { writeFileSync } from 'node:fs';

const firstNames = [
  'Ada',
  'Alan',
  'Barbara',
  'Chidi',
  'Dagny',
  'Edsger',
  'Fatima',
  'Grace',
  'Hiroshi',
  'Ingrid',
  'José',
  'Katherine',
  'Linus',
  'Margaret',
  'Nadia',
  'Olu',
  'Priya',
  'Radia',
  'Søren',
  'Zoë',
];
const lastNames = [
  'Almeida',
  'Becker',
  'Chen',
  'Dubois',
  'Eriksen',
  'Fischer',
  'García',
  'Haddad',
  'Ibrahim',
  'Jansen',
];

const malformed = new Map([
  [47, '{"userId":"user-012","name":"Alan Chen","ema'],
  [163, 'GET /index.html HTTP/1.1'],
  [311, '{"userId":"user-101","name":"José Becker",}'],
  [488, "{'userId':'user-007','name':'Ada Haddad'}"],
  [602, '{"name":"Nobody","email":"nobody@example.com"}'],
  [715, '<event userId="user-044"/>'],
  [803, '{"userId":"user-150","name":"Olu Almeida","email":"olu.almeida@example.com"'],
  [926, 'null null'],
  [1058, '--- log rotated ---'],
  [1177, '{"userId":"","name":"Zoë Jansen","email":"zoe.jansen@example.com"}'],
]);

const people = firstNames.flatMap((first, row) =>
  lastNames.map((last, column) => ({
    userId: `user-${String(row * lastNames.length + column).padStart(3, '0')}`,
    name: `${first} ${last}`,
    email: `${plain(first)}.${plain(last)}@example.com`,
  })),
);

let lines = '';
let state = 20_261;
for (let line = 1; line <= 1_200; line++) {
  // Squared, so that some people come often and some hardly ever.
  const person = people[Math.floor(next() ** 2 * people.length)];
  lines += `${malformed.get(line) ?? JSON.stringify(person)}\n`;
}
writeFileSync(new URL('../events.jsonl', import.meta.url), lines);

/** A linear congruential generator: the numbers of "Numerical Recipes". */
function next() {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function plain(name) {
  return name
    .toLowerCase()
    .replace('ø', 'o')
    .normalize('NFD')
    .replace(/[^a-z]/g, '');
}
