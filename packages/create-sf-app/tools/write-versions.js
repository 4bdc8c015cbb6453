// Writes dist/versions.json: the version of each package that a template depends on. Ours have the versions that they have in
// this repository, others those that this repository is built and tested with. Runs with each build, and before packing.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const here = new URL('../', import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, here), 'utf8'));

const known = { ...read('../../package.json').devDependencies };
for (const folder of readdirSync(new URL('../', here))) {
  const { name, version } = read(`../${folder}/package.json`);
  known[name] = `^${version}`;
}

const versions = {};
for (const template of readdirSync(new URL('templates/', here)).filter((name) => name !== 'base')) {
  const { dependencies, devDependencies } = read(`templates/${template}/package.json`);
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    if (known[name] === undefined) throw new Error(`The template ${template} depends on ${name}, of no known version.`);
    versions[name] = known[name];
  }
}

mkdirSync(new URL('dist/', here), { recursive: true });
writeFileSync(new URL('dist/versions.json', here), `${JSON.stringify(versions, null, 2)}\n`);
